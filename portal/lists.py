"""What every list page shares: 25 rows a page, filters and search kept in the URL. Its view says which rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import keyset
from portal.keyset import BadCursor, Parts, Slice
from portal.templatetags.portolan import number

Row = TypeVar("Row", bound=Model)
ROWS = 25
# Above this many rows a total is not counted to its end.
COUNTED = 1000
NEWEST_FIRST = ("-created_at", "-pk")
BY_NAME = ("name", "pk")
# What the links to the pages beside this one are called.
NEWER_OLDER = (gettext_lazy("Newest"), gettext_lazy("Newer"), gettext_lazy("Older"))
PREVIOUS_NEXT = (gettext_lazy("First"), gettext_lazy("Previous"), gettext_lazy("Next"))


@dataclass(frozen=True, slots=True)
class Chip:
    """One way to narrow the list: a link that keeps the other filters."""

    label: str | Promise
    url: str
    is_current: bool
    count: int | None = None


class Page(Generic[Row]):
    """The rows of one page with the cursors of the pages beside it; ``counted`` are the rows of all pages."""

    def __init__(self, found: Slice[Row], counted: QuerySet[Row], words: tuple[Any, Any, Any] = NEWER_OLDER) -> None:
        self.rows, self.next, self.previous = found.rows, found.next, found.previous
        self.first_word, self.previous_word, self.next_word = words
        self._counted = counted

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_others(self) -> bool:
        """Whether there are pages beside this one."""
        return bool(self.next or self.previous)

    @cached_property
    def total(self) -> int:
        """How many rows all pages have, COUNTED + 1 when they have more; asked of the database only for many pages."""
        return keyset.count_up_to(self._counted, COUNTED) if self.has_others else len(self.rows)

    @property
    def total_text(self) -> str:
        """ "60", or "more than 1,000"."""
        if self.total <= COUNTED:
            return number(self.total)
        return _("more than %(number)s") % {"number": number(COUNTED)}


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
    """The rows that match the URL: ``filters`` maps a parameter to its lookup; ``search`` are the fields of ``q``.

    A field that ends in ``__contains`` holds its text in lower case.
    """
    for parameter, lookup in filters.items():
        if value := _given(request, parameter):
            rows = rows.filter(**{lookup: value})
    if sought := _given(request, "q"):
        rows = rows.filter(_any_of(search, sought))
    return rows


def page_of(
    request: HttpRequest,
    rows: QuerySet[Row],
    order: Sequence[str] = NEWEST_FIRST,
    *,
    parts: Parts | None = None,
    complete: Callable[[QuerySet[Row]], QuerySet[Row]] = lambda rows: rows,
) -> Page[Row]:
    """Return the page at ``?after=``; the first one when no list begins there.

    With ``parts`` only their rows are on it, whoever else has rows, and ``complete`` adds what the page names of each.
    """
    words = NEWER_OLDER if order[0].startswith("-") else PREVIOUS_NEXT

    def at(cursor: str) -> Page[Row]:
        if parts is None:
            return Page(keyset.slice_of(rows, order, cursor, ROWS), rows, words)
        return Page(keyset.slice_of_parts(rows, parts, order, cursor, ROWS, complete), parts.of(rows), words)

    cursor = request.GET.get("after", "")
    try:
        page = at(cursor)
    except BadCursor:
        return at("")
    return page if page or not cursor else at("")


def chips(
    request: HttpRequest, parameter: str, choices: Iterable[tuple[str, str | Promise]], everything: str | Promise
) -> list[Chip]:
    """One chip per choice of ``parameter``, after one that takes the filter away."""
    current = _given(request, parameter)
    kept = [(name, value) for name, value in request.GET.items() if name not in (parameter, "after")]
    return [
        Chip(label, f"?{urlencode([*kept, (parameter, value)] if value else kept)}", value == current)
        for value, label in (("", everything), *choices)
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
        # The database itself lowers both, each in its own way.
        in_lower_case = field.endswith("__contains")
        matches |= Q(**{field: Lower(Value(sought))} if in_lower_case else {f"{field}__icontains": sought})
    return matches
