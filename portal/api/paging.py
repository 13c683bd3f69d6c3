"""Lists of the API: filters and search as on the pages, and pages by cursor."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Schema

from portal import keyset, lists
from portal.api.errors import ApiProblem
from portal.api.schemas.common import Page, described

Row = TypeVar("Row", bound=Model)
Item = TypeVar("Item")
NEWEST_FIRST = ("-created_at", "-pk")
USUAL, MOST = 25, 100


class Paging(Schema):
    """Which page of a list."""

    cursor: str = described("next or previous of an earlier answer.", "", "", max_length=keyset.LONGEST_CURSOR)
    limit: int = described(f"How many rows at most, up to {MOST}.", 25, USUAL, ge=1, le=MOST)


class Search(Paging):
    """Which page of a list that can be searched."""

    q: str = described("Text that the name, or another searched field, contains.", "lenet", "", max_length=200)


class OfWorkspace(Search):
    """Which page of a list of things in workspaces."""

    workspace: str = described("Only of this workspace, by its id.", "w8n3c5dk2p", "", max_length=16)


def page_of(
    request: HttpRequest,
    rows: QuerySet[Row],
    given: Paging,
    item: Callable[[Row], Item],
    *,
    order: Sequence[str] = NEWEST_FIRST,
    filters: Mapping[str, str] | None = None,
    search: Iterable[str] = (),
    before: Callable[[list[Row]], Any] = len,
) -> Page[Item]:
    """Return the page of ``rows`` that match the address, each as ``item`` makes it; ``before`` reads what they need.

    ``filters`` maps a query parameter to a lookup, ``search`` names the fields of ``q``.
    """
    found = lists.narrow(request, rows, dict(filters or {}), search)
    try:
        page = keyset.slice_of(found, order, given.cursor, given.limit)
    except keyset.BadCursor:
        raise ApiProblem(422, "api:bad_cursor", {"cursor": []}) from None
    before(page.rows)
    return Page(items=[item(row) for row in page.rows], next=page.next, previous=page.previous)
