"""Who belongs to which team: the only writer of Team and Membership after the first owner."""

import secrets

from django.db import transaction

from accounts.models import Membership, Team, User
from ops.errors import Refused


def found(name: str, by: User) -> Team:
    """A new team with ``by`` as its owner."""
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(user=by, team=team, role=Membership.Role.OWNER)
    return team


def add(team: Team, username: str, role: str) -> tuple[Membership, str]:
    """The person in the team, and their one-time password when the account is new, else "".

    Raises Refused when they are in the team already.
    """
    with transaction.atomic():
        user = User.objects.filter(username__iexact=username).first()
        password = "" if user else secrets.token_urlsafe(12)
        user = user or User.objects.create_user(username, password=password, must_change_password=True)
        membership, made = Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
        if not made:
            raise Refused("team:already_member", who=str(user))
    return membership, password


def change_role(membership: Membership, role: str) -> None:
    """Raises Refused when the team would be left without an owner."""
    with transaction.atomic():
        if role != Membership.Role.OWNER:
            _demand_other_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])


def remove(membership: Membership) -> None:
    """Raises Refused when the team would be left without an owner."""
    with transaction.atomic():
        _demand_other_owner(membership)
        membership.delete()


def _demand_other_owner(membership: Membership) -> None:
    """Locks the team's owners, so that the last two cannot leave at the same moment."""
    owners = Membership.objects.select_for_update().filter(team=membership.team, role=Membership.Role.OWNER)
    if list(owners) == [membership]:
        raise Refused("team:last_owner", team=membership.team.name)
