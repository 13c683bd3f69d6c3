"""May this person read, predict on, or write this? The only place that decides; views ask, templates never do.

A row that is not of one of the person's teams does not exist for them (404); a row they may only read refuses to be
written (403). Each ops row names the way to its team in ``team_path``.
"""

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from portal.models import Membership, Team, User

Row = TypeVar("Row", bound=Model)
READERS = tuple(Membership.Role.values)
WRITERS = (Membership.Role.OPERATOR, Membership.Role.OWNER)
OWNERS = (Membership.Role.OWNER,)


def person(request: HttpRequest) -> User:
    """Who is signed in. Raises PermissionDenied for nobody; views behind login_required never see that."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def visible(rows: type[Row] | QuerySet[Row], request: HttpRequest, roles: tuple[str, ...] = READERS) -> QuerySet[Row]:
    """The rows of the teams in which the person has one of ``roles``."""
    queryset = rows._default_manager.all() if isinstance(rows, type) else rows
    return queryset.filter(**{f"{_path(queryset.model)}__in": teams(request, roles)})


def teams(request: HttpRequest, roles: tuple[str, ...] = READERS) -> QuerySet[Team]:
    """The teams in which the person has one of ``roles``; none for a person who is not signed in."""
    if request.user.pk is None:
        return Team.objects.none()
    return Team.objects.filter(memberships__user_id=request.user.pk, memberships__role__in=roles)


def readable(rows: type[Row] | QuerySet[Row], request: HttpRequest, **lookup: object) -> Row:
    """The one row of ``lookup``. Raises Http404 when it is not of the person's teams."""
    row = visible(rows, request).filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def predictable(rows: type[Row] | QuerySet[Row], request: HttpRequest, **lookup: object) -> Row:
    """The row to predict on: every member of its team may. Raises Http404."""
    return readable(rows, request, **lookup)


def writable(rows: type[Row] | QuerySet[Row], request: HttpRequest, **lookup: object) -> Row:
    """The row to change. Raises Http404 (not yours) or PermissionDenied (read only)."""
    return _with_role(rows, request, WRITERS, lookup)


def manageable(rows: type[Row] | QuerySet[Row], request: HttpRequest, **lookup: object) -> Row:
    """The row whose people or existence may be decided: owners only. Raises Http404 or PermissionDenied."""
    return _with_role(rows, request, OWNERS, lookup)


def may_write(row: Model, request: HttpRequest) -> bool:
    """Whether to offer the buttons that change this row; the view behind a button asks again."""
    return visible(type(row), request, WRITERS).filter(pk=row.pk).exists()


def may_write_somewhere(request: HttpRequest) -> bool:
    return teams(request, WRITERS).exists()


def _with_role(
    rows: type[Row] | QuerySet[Row], request: HttpRequest, roles: tuple[str, ...], lookup: dict[str, object]
) -> Row:
    row = readable(rows, request, **lookup)
    if not visible(rows, request, roles).filter(pk=row.pk).exists():
        raise PermissionDenied
    return row


def _path(model: type[Model]) -> str:
    return "pk" if model is Team else str(model.team_path)  # type: ignore[attr-defined]
