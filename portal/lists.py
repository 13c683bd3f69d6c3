"""What every list page shares: 25 rows a page, filters and search kept in the URL. Its view says which rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise

Row = TypeVar("Row", bound=Model)
ROWS = 25


@dataclass(frozen=True, slots=True)
class Chip:
    """One way to narrow the list: a link that keeps the other filters."""

    label: str | Promise
    url: str
    is_current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ListPage(Generic[Row]):
    """What the list templates show; an empty page says whether a filter made it so.

    ``entries`` are the rows with what a presenter adds to them; ``is_live`` makes the page ask for itself again.
    """

    rows: Page[Row]
    is_filtered: bool
    chips: Sequence[Chip]
    entries: Sequence[object]
    is_live: bool
    may_write: bool


def narrow(request: HttpRequest, rows: QuerySet[Row], filters: dict[str, str], search: Iterable[str]) -> QuerySet[Row]:
    """The rows that match the URL: ``filters`` maps a parameter to its lookup; ``search`` are the fields of ``q``."""
    for parameter, lookup in filters.items():
        if value := _given(request, parameter):
            rows = rows.filter(**{lookup: value})
    if sought := _given(request, "q"):
        rows = rows.filter(_any_of(search, sought))
    return rows


def page_of(request: HttpRequest, rows: QuerySet[Row]) -> Page[Row]:
    """The page that ``?page=`` asks for; the nearest there is when the number makes no sense."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


def chips(
    request: HttpRequest, parameter: str, choices: Iterable[tuple[str, str | Promise]], everything: str | Promise
) -> list[Chip]:
    """One chip per choice of ``parameter``, after one that takes the filter away."""
    current = _given(request, parameter)
    return [
        Chip(label, _url(request, parameter, value), value == current) for value, label in (("", everything), *choices)
    ]


def shown(
    request: HttpRequest,
    page: Page[Row],
    filters: Iterable[str] = (),
    *,
    chips: Sequence[Chip] = (),
    entries: Sequence[object] = (),
    is_live: bool = False,
    may_write: bool = False,
) -> ListPage[Row]:
    """Return what the list page shows of ``page``; ``filters`` are the parameters that may have made it empty."""
    is_filtered = any(_given(request, parameter) for parameter in ("q", *filters))
    return ListPage(page, is_filtered, chips, entries, is_live, may_write)


def _given(request: HttpRequest, parameter: str) -> str:
    return request.GET.get(parameter, "").replace("\x00", "").strip()[:200]


def _any_of(fields: Iterable[str], sought: str) -> Q:
    matches = Q()
    for field in fields:
        matches |= Q(**{f"{field}__icontains": sought})
    return matches


def _url(request: HttpRequest, parameter: str, value: str) -> str:
    query: QueryDict = request.GET.copy()
    query.pop("page", None)
    query.pop(parameter, None)
    if value:
        query[parameter] = value
    return f"?{query.urlencode()}"
