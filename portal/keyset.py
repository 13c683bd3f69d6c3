"""Keyset pagination: a page begins after a row's key, so that the 2,000th page costs what the first one costs.

The pattern is https://use-the-index-luke.com/no-offset. A cursor names a direction and the key of the row at the edge.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

Row = TypeVar("Row", bound=Model)
FORWARD, BACKWARD = "f", "b"
LONGEST_CURSOR = 1000
MOST_PARTS = 100
# Stands for a part's value while a query is made into text; no row has such a key.
ANY_PART = -(2**62)


class BadCursor(ValueError):
    """The given cursor was not made here, or for another list."""


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows; ``next`` and ``previous`` are the cursors of the pages beside it, "" where there is none."""

    rows: list[Row]
    next: str
    previous: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Which rows a list is made of: those that have one of ``values`` in ``field``, such as a person's workspaces."""

    field: str
    values: Sequence[int]

    def of(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        """Return the rows that are in one of the parts."""
        if len(self.values) == 1:
            return rows.filter(**{self.field: self.values[0]})
        return rows.filter(**{f"{self.field}__in": self.values})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins and in which direction it is read."""

    ordering: tuple[str, ...]
    beyond: Q
    is_backward: bool
    has_key: bool

    def first(self, rows: QuerySet[Row], most: int) -> QuerySet[Row]:
        return rows.filter(self.beyond).order_by(*self.ordering)[:most]


def slice_of(rows: QuerySet[Row], order: Sequence[str], cursor: str, size: int) -> Slice[Row]:
    """Return the page of at most ``size`` rows at ``cursor``, the first one for "".

    ``order`` names fields that are never null, all ascending or all descending (``-``), the last of them unique; an
    index should have them in this order. Raises BadCursor.
    """
    place = _place(rows.model, order, cursor)
    return _slice(list(place.first(rows, size + 1)), order, place, size)


def slice_of_parts(
    rows: QuerySet[Row],
    parts: Parts,
    order: Sequence[str],
    cursor: str,
    size: int,
    complete: Callable[[QuerySet[Row]], QuerySet[Row]],
) -> Slice[Row]:
    """Return the page of the rows that are in ``parts``, at the same cost however many rows others have.

    The keys are sought first, in one range of an index on (the parts' field, ``order``) for each part; then the rows of
    these keys are read as ``complete`` asks for them. ``order`` and the errors are those of ``slice_of``.
    """
    place = _place(rows.model, order, cursor)
    if not parts.values:
        return Slice([], "", "")
    keys = _keys(rows, parts, place, size + 1)
    found = complete(rows.model._default_manager.filter(pk__in=keys)).order_by(*place.ordering)
    return _slice(list(found), order, place, size)


def count_up_to(rows: QuerySet[Any], most: int) -> int:
    """Return how many rows there are, or ``most + 1`` when there are more: an exact total of many costs too much."""
    return rows.order_by()[: most + 1].count()


def count_each_up_to(lists: Sequence[QuerySet[Any]], most: int) -> list[int]:
    """Return what ``count_up_to`` says of each list: one query. Raises EmptyResultSet for a list that is none()."""
    members: list[str] = []
    parameters: list[Any] = []
    for rows in lists:
        sql, given = rows.order_by()[: most + 1].values("pk").query.sql_with_params()
        members.append(f"(SELECT COUNT(*) FROM ({sql}) AS counted)")  # noqa: S608  (the ORM's own text)
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(members)}", parameters)
        return list(cursor.fetchone() or ())


def _keys(rows: QuerySet[Any], parts: Parts, place: _Place, most: int) -> RawSQL:
    """The keys of the first rows of each part; with more parts than a union should have, the database sorts them all.

    The text of one part's query is made once and repeated: Django takes a millisecond for each member of a union, and
    cannot say LIMIT in one on SQLite.
    """
    if len(parts.values) > MOST_PARTS:
        sql, parameters = place.first(parts.of(rows), most).values("pk").query.sql_with_params()
        return RawSQL(sql, parameters)  # noqa: S611  (the ORM's own text)
    one = place.first(rows.filter(**{parts.field: ANY_PART}), most).values("pk")
    sql, parameters = one.query.sql_with_params()
    members = " UNION ALL ".join([f"SELECT * FROM ({sql}) AS part"] * len(parts.values))  # noqa: S608
    filled = [part if given == ANY_PART else given for part in parts.values for given in parameters]
    return RawSQL(members, filled)  # noqa: S611


def _place(model: type[Model], order: Sequence[str], cursor: str) -> _Place:
    is_descending = order[0].startswith("-")
    fields = [name.lstrip("-") for name in order]
    direction, key = _read(model, fields, cursor) if cursor else (FORWARD, None)
    is_backward = direction == BACKWARD
    ordering = tuple(_sign(name, is_descending != is_backward) for name in fields)
    beyond = Q() if key is None else _beyond(fields, key, "lt" if is_descending != is_backward else "gt")
    return _Place(ordering, beyond, is_backward, key is not None)


def _slice(found: list[Row], order: Sequence[str], place: _Place, size: int) -> Slice[Row]:
    """The page of the rows that were found, of which one more than ``size`` says that there are others."""
    fields = [name.lstrip("-") for name in order]
    has_more, found = len(found) > size, found[:size]
    if place.is_backward:
        found.reverse()
    has_next, has_previous = (True, has_more) if place.is_backward else (has_more, place.has_key)
    return Slice(
        found,
        next=_write(FORWARD, fields, found[-1]) if found and has_next else "",
        previous=_write(BACKWARD, fields, found[0]) if found and has_previous else "",
    )


def cursor_after(row: Model, order: Sequence[str]) -> str:
    """Return the cursor of the page that begins after the row."""
    return _write(FORWARD, [name.lstrip("-") for name in order], row)


def _sign(field: str, is_descending: bool) -> str:
    return f"-{field}" if is_descending else field


def _beyond(fields: Sequence[str], key: Sequence[Any], comparison: str) -> Q:
    """(a, b) after (x, y): a at or after x, and either a after x or b after y. The first part lets an index be used."""
    first, rest = fields[0], fields[1:]
    strictly = Q(**{f"{first}__{comparison}": key[0]})
    if not rest:
        return strictly
    return Q(**{f"{first}__{comparison}e": key[0]}) & (strictly | _beyond(rest, key[1:], comparison))


def _write(direction: str, fields: Sequence[str], row: Model) -> str:
    key = [direction, *(_plain(row, name) for name in fields)]
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def _plain(row: Model, name: str) -> str:
    field = row._meta.pk if name == "pk" else row._meta.get_field(name)
    return str(field.value_to_string(row))  # type: ignore[union-attr]


def _read(model: type[Model], fields: Sequence[str], cursor: str) -> tuple[str, list[Any]]:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        direction, *texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in (FORWARD, BACKWARD) or len(texts) != len(fields):
            raise ValueError
        return direction, [_value(model, name, text) for name, text in zip(fields, texts, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError) as error:
        raise BadCursor(cursor[:80]) from error


def _value(model: type[Model], name: str, text: Any) -> Any:
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    value = field.to_python(text)  # type: ignore[union-attr]
    if value is None or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise ValueError
    return value
