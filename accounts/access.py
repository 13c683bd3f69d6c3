"""What a person may do with a row: read it, predict on it, write it, manage it. The only place that decides.

Views and API routes ask; templates never do. A row that is not of one of the person's teams does not exist for them
(404); a row that they may only read refuses to be written (403). Each row's class names the way to its team in
``team_path``. Nothing in here knows a request: a page passes the person who is signed in, the API the person or the
token that the person gave to a script. With a token the effective right is the lesser of its scope and the role.
"""

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from accounts.models import ApiToken, Membership, Team, User
from accounts.rights import ROLES, SCOPES, Right

__all__ = [
    "Caller",
    "Person",
    "Right",
    "administers",
    "has_right",
    "has_scope",
    "manageable",
    "may_write",
    "may_write_somewhere",
    "memberships",
    "predictable",
    "readable",
    "teams",
    "visible",
    "writable",
]

Row = TypeVar("Row", bound=Model)
Person = User | AnonymousUser
Caller = Person | ApiToken


def visible(rows: type[Row] | QuerySet[Row], caller: Caller, right: Right = Right.READ) -> QuerySet[Row]:
    """Return the rows of the teams in which the caller has the right."""
    queryset = rows._default_manager.all() if isinstance(rows, type) else rows
    return queryset.filter(**{f"{_path(queryset.model)}__in": teams(caller, right)})


def teams(caller: Caller, right: Right = Right.READ) -> QuerySet[Team]:
    """Return the teams in which the caller has the right; none for a person who is not signed in."""
    if isinstance(caller, ApiToken):
        return _teams_of_token(caller, right)
    if caller.pk is None:
        return Team.objects.none()
    return Team.objects.filter(memberships__user_id=caller.pk, memberships__role__in=ROLES[right])


def readable(rows: type[Row] | QuerySet[Row], caller: Caller, **lookup: object) -> Row:
    """Return the one row of ``lookup``. Raises Http404 when it is not of the caller's teams."""
    row = visible(rows, caller).filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def predictable(rows: type[Row] | QuerySet[Row], caller: Caller, **lookup: object) -> Row:
    """Return the row to predict on: every member of its team may. Raises Http404; PermissionDenied for a token."""
    return _with_right(rows, caller, Right.PREDICT, lookup)


def writable(rows: type[Row] | QuerySet[Row], caller: Caller, **lookup: object) -> Row:
    """Return the row to change. Raises Http404 (not of the caller's teams) or PermissionDenied (read only)."""
    return _with_right(rows, caller, Right.WRITE, lookup)


def manageable(rows: type[Row] | QuerySet[Row], caller: Caller, **lookup: object) -> Row:
    """Return the row whose people or existence an owner decides on. Raises Http404 or PermissionDenied."""
    return _with_right(rows, caller, Right.MANAGE, lookup)


def may_write(row: Model, caller: Caller) -> bool:
    """Whether to offer the buttons that change this row; the view behind a button asks again."""
    return visible(type(row), caller, Right.WRITE).filter(pk=row.pk).exists()


def may_write_somewhere(caller: Caller) -> bool:
    """Whether the caller may write in at least one team."""
    return teams(caller, Right.WRITE).exists()


def has_scope(caller: Caller, right: Right) -> bool:
    """Whether the caller's token is for as much as ``right``; a person needs none."""
    return not isinstance(caller, ApiToken) or SCOPES[caller.scope] >= right


def memberships(person: Person) -> QuerySet[Membership]:
    """Return the memberships by which the person reads rows; none for a person who is not signed in."""
    if person.pk is None:
        return Membership.objects.none()
    return Membership.objects.filter(user_id=person.pk, role__in=ROLES[Right.READ])


def has_right(role: str, right: Right) -> bool:
    """Whether a member of that role has the right over the rows of the team."""
    return role in ROLES[right]


def administers(caller: Caller) -> bool:
    """Whether the caller is a site admin, who makes teams; a token must be for everything and every team."""
    if isinstance(caller, ApiToken):
        return caller.user.is_staff and caller.team_id is None and has_scope(caller, Right.MANAGE)
    return isinstance(caller, User) and caller.is_staff


def _teams_of_token(token: ApiToken, right: Right) -> QuerySet[Team]:
    if not has_scope(token, right):
        return Team.objects.none()
    found = teams(token.user, right)
    return found if token.team_id is None else found.filter(pk=token.team_id)


def _with_right(rows: type[Row] | QuerySet[Row], caller: Caller, right: Right, lookup: dict[str, object]) -> Row:
    row = visible(rows, caller, right).filter(**lookup).first()
    if row is None:
        readable(rows, caller, **lookup)
        raise PermissionDenied
    return row


def _path(model: type[Model]) -> str:
    return "pk" if model is Team else str(model.team_path)  # type: ignore[attr-defined]
