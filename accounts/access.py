"""What a person may do with a row: read it, predict on it, write it, manage it. The only place that decides.

Views and API routes ask; templates never do. A row that is not of one of the person's teams does not exist for them
(404); a row that they may only read refuses to be written (403). Each row's class names the way to its team in
``team_path``. Nothing in here knows a request: a page passes the person who is signed in.
"""

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from accounts.models import Membership, Team, User

Row = TypeVar("Row", bound=Model)
Person = User | AnonymousUser
READERS = tuple(Membership.Role.values)
WRITERS = (Membership.Role.OPERATOR, Membership.Role.OWNER)
OWNERS = (Membership.Role.OWNER,)


def visible(rows: type[Row] | QuerySet[Row], person: Person, roles: tuple[str, ...] = READERS) -> QuerySet[Row]:
    """Return the rows of the teams in which the person has one of ``roles``."""
    queryset = rows._default_manager.all() if isinstance(rows, type) else rows
    return queryset.filter(**{f"{_path(queryset.model)}__in": teams(person, roles)})


def teams(person: Person, roles: tuple[str, ...] = READERS) -> QuerySet[Team]:
    """Return the teams in which the person has one of ``roles``; none for a person who is not signed in."""
    if person.pk is None:
        return Team.objects.none()
    return Team.objects.filter(memberships__user_id=person.pk, memberships__role__in=roles)


def readable(rows: type[Row] | QuerySet[Row], person: Person, **lookup: object) -> Row:
    """Return the one row of ``lookup``. Raises Http404 when it is not of the person's teams."""
    row = visible(rows, person).filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def predictable(rows: type[Row] | QuerySet[Row], person: Person, **lookup: object) -> Row:
    """Return the row to predict on: every member of its team may. Raises Http404."""
    return readable(rows, person, **lookup)


def writable(rows: type[Row] | QuerySet[Row], person: Person, **lookup: object) -> Row:
    """Return the row to change. Raises Http404 (not of the person's teams) or PermissionDenied (read only)."""
    return _with_role(rows, person, WRITERS, lookup)


def manageable(rows: type[Row] | QuerySet[Row], person: Person, **lookup: object) -> Row:
    """Return the row whose people or existence an owner decides on. Raises Http404 or PermissionDenied."""
    return _with_role(rows, person, OWNERS, lookup)


def may_write(row: Model, person: Person) -> bool:
    """Whether to offer the buttons that change this row; the view behind a button asks again."""
    return visible(type(row), person, WRITERS).filter(pk=row.pk).exists()


def may_write_somewhere(person: Person) -> bool:
    """Whether the person may write in at least one team."""
    return teams(person, WRITERS).exists()


def _with_role(
    rows: type[Row] | QuerySet[Row], person: Person, roles: tuple[str, ...], lookup: dict[str, object]
) -> Row:
    row = readable(rows, person, **lookup)
    if not visible(rows, person, roles).filter(pk=row.pk).exists():
        raise PermissionDenied
    return row


def _path(model: type[Model]) -> str:
    return "pk" if model is Team else str(model.team_path)  # type: ignore[attr-defined]
