"""Which teams and memberships a page reads."""

from django.db.models import Count, Q, QuerySet

from accounts.access import Person
from accounts.models import Membership, Team


def list_memberships_of(person: Person) -> QuerySet[Membership]:
    """Return the person's memberships with ``people_count`` and ``workspace_count``, by the team's name."""
    return (
        Membership.objects.filter(user=person.pk)
        .select_related("team")
        .annotate(
            people_count=Count("team__memberships", distinct=True),
            workspace_count=Count("team__workspaces", Q(team__workspaces__unregistered_at=None), distinct=True),
        )
        .order_by("team__name")
    )


def list_members(team: Team) -> QuerySet[Membership]:
    """Return the team's memberships by user name."""
    return team.memberships.select_related("user").order_by("user__username")
