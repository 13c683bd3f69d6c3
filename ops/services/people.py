"""Who belongs to which team: the only writer of Team and Membership. Each change leaves an event."""

import secrets

from django.db import IntegrityError, transaction

from accounts import names, sign_in_limit
from accounts.models import Membership, Team, User
from ops import events
from ops.errors import Refused
from ops.models import Event

Verb = Event.Verb


def found(name: str, by: User) -> Team:
    """Return a new team with ``by`` as its owner."""
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(user=by, team=team, role=Membership.Role.OWNER)
        events.record(team, Verb.CREATED, by=by)
    return team


def allow_host_identity(team: Team, *, is_allowed: bool, by: User) -> None:
    """Let the team use the identity of the portal's own machine, or no longer."""
    with transaction.atomic():
        if (
            Team.objects.filter(pk=team.pk)
            .exclude(may_use_host_identity=is_allowed)
            .update(may_use_host_identity=is_allowed)
        ):
            verb = Verb.HOST_IDENTITY_ALLOWED if is_allowed else Verb.HOST_IDENTITY_FORBIDDEN
            events.record(team, verb, by=by)


def add(team: Team, username: str, role: str, by: User) -> tuple[Membership, str]:
    """Return the person's new membership, and a one-time password when the account is new, else "".

    Raises Refused when they are in the team already.
    """
    with transaction.atomic():
        user, password = _account(names.normalize(username))
        membership, made = Membership.objects.get_or_create(user=user, team=team, defaults={"role": role})
        if not made:
            raise Refused("team:already_member", who=str(user))
        events.record(user, Verb.MEMBER_ADDED, by=by, team=team, role=role)
    return membership, password


def _account(username: str) -> tuple[User, str]:
    """Return the account of that name and "", or a new account and its one-time password.

    Of several requests at once for a new name one makes the account; the others find it.
    """
    if user := User.objects.filter(username__iexact=username).first():
        return user, ""
    password = secrets.token_urlsafe(12)
    try:
        with transaction.atomic():
            return User.objects.create_user(username, password=password, must_change_password=True), password
    except IntegrityError:
        return User.objects.get(username__iexact=username), ""


def change_role(membership: Membership, role: str, by: User) -> None:
    """Give the member another role. Raises Refused when the team would be left without an owner."""
    with transaction.atomic():
        if role != Membership.Role.OWNER:
            _demand_other_owner(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        if before != role:
            events.record(membership.user, Verb.ROLE_CHANGED, by=by, team=membership.team, before=before, role=role)


def end_pause(membership: Membership, by: User) -> None:
    """After too many wrong passwords, let the member try again at once."""
    with transaction.atomic():
        sign_in_limit.end_pause(membership.user)
        events.record(membership.user, Verb.PAUSE_ENDED, by=by, team=membership.team)


def remove(membership: Membership, by: User) -> None:
    """Take the person out of the team. Raises Refused when the team would be left without an owner."""
    with transaction.atomic():
        _demand_other_owner(membership)
        events.record(membership.user, Verb.MEMBER_REMOVED, by=by, team=membership.team, role=membership.role)
        membership.delete()


def _demand_other_owner(membership: Membership) -> None:
    """Lock the team's owners, so that the last two cannot leave at the same moment."""
    owners = Membership.objects.select_for_update().filter(team=membership.team, role=Membership.Role.OWNER)
    if list(owners) == [membership]:
        raise Refused("team:last_owner", team=membership.team.name)
