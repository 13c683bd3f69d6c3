"""Keyset pagination: a page begins after a row's key, so that the 2,000th page costs what the first one costs.

The pattern is https://use-the-index-luke.com/no-offset. A cursor names a direction and the key of the row at the edge.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)
FORWARD, BACKWARD = "f", "b"
LONGEST_CURSOR = 1000


class BadCursor(ValueError):
    """The given cursor was not made here, or for another list."""


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows; ``next`` and ``previous`` are the cursors of the pages beside it, "" where there is none."""

    rows: list[Row]
    next: str
    previous: str


def slice_of(rows: QuerySet[Row], order: Sequence[str], cursor: str, size: int) -> Slice[Row]:
    """Return the page of at most ``size`` rows at ``cursor``, the first one for "".

    ``order`` names fields that are never null, all ascending or all descending (``-``), the last of them unique; an
    index should have them in this order. Raises BadCursor.
    """
    is_descending = order[0].startswith("-")
    fields = [name.lstrip("-") for name in order]
    direction, key = _read(rows.model, fields, cursor) if cursor else (FORWARD, None)
    is_backward = direction == BACKWARD
    ordered = rows.order_by(*[_sign(name, is_descending != is_backward) for name in fields])
    if key is not None:
        ordered = ordered.filter(_beyond(fields, key, "lt" if is_descending != is_backward else "gt"))
    found = list(ordered[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_backward:
        found.reverse()
    has_next, has_previous = (True, has_more) if is_backward else (has_more, key is not None)
    return Slice(
        found,
        next=_write(FORWARD, fields, found[-1]) if found and has_next else "",
        previous=_write(BACKWARD, fields, found[0]) if found and has_previous else "",
    )


def count_up_to(rows: QuerySet[Any], most: int) -> int:
    """Return how many rows there are, or ``most + 1`` when there are more: an exact total of many costs too much."""
    return rows.order_by()[: most + 1].count()


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
