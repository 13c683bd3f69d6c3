"""Searches of registered models and of their versions: filter, order and page. What can be named is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from amlocal.arm.context import Context
from amlocal.storage.store import Record, Scope
from amlocal.tracking import comparisons
from amlocal.tracking.comparisons import LISTS, NUMERIC, TEXT, Comparison
from amlocal.web.http import ArmError, Request, Response, json_response

ALL = 1_000_000
_TIMES: dict[str, Callable[[Record], Any]] = {
    "timestamp": lambda record: record.modified_at,
    "last_updated_timestamp": lambda record: record.modified_at,
    "creation_timestamp": lambda record: record.created_at,
}


@dataclass(frozen=True)
class Search:
    """`word` names the list in the answer, `keys` are what a filter may name beside tags, `most` a page's length when
    nothing is asked."""

    kind: str
    scope: Scope
    word: str
    keys: dict[str, Callable[[Record], Any]]
    most: int


def read_repeated(request: Request, name: str) -> list[str]:
    """Every value of a query parameter that may stand more than once."""
    return [value for key, value in parse_qsl(request.raw_query) if key == name]


def answer(context: Context, request: Request, search: Search, show: Callable[[Record], dict[str, Any]]) -> Response:
    """A page costs what it shows when it goes by age; one that is ordered otherwise costs what there is."""
    asked = comparisons.parse(request.query.get("filter"))
    _check(asked, search)
    named = [one.value for one in asked if one.key == "name" and not one.kind and one.operator == "="]
    limit, token = request.query.number("max_results", search.most) or search.most, request.query.get("page_token")
    terms = [comparisons.parse_order(term) for term in read_repeated(request, "order_by")]
    page = context.store.list(
        search.kind,
        search.scope,
        name=named[0] if named else "",
        top=ALL if terms else limit,
        skip_token="" if terms else token,
        accept=lambda record: (
            not record.body["properties"].get("isArchived") and all(_is_true(one, record, search) for one in asked)
        ),
    )
    records, next_token = page.records, page.next_token
    if terms:
        for _, key, direction in reversed(terms):
            records.sort(key=_order(key, search), reverse=direction == "DESC")
        start = request.query.number("page_token", 0)
        next_token = str(start + limit) if len(records) > start + limit else ""
        records = records[start : start + limit]
    found: dict[str, Any] = {search.word: [show(record) for record in records]}
    return json_response({**found, "next_page_token": next_token} if next_token else found)


def _check(asked: list[Comparison], search: Search) -> None:
    for one in asked:
        if one.kind in ("tag", "tags"):
            one.need(TEXT)
        elif one.kind not in ("", "attribute", "attributes", "attr") or one.key not in search.keys:
            raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid attribute key {one.key!r} specified.")
        else:
            one.need(NUMERIC if one.key == "version_number" else TEXT | LISTS)


def _is_true(one: Comparison, record: Record, search: Search) -> bool:
    if one.kind in ("tag", "tags"):
        # What has no such tag is unlike every value: MLflow's client leaves out what it tags as a prompt in this way.
        tags = record.body["properties"].get("tags") or {}
        return comparisons.is_true(one, tags.get(one.key, "" if one.operator == "!=" else None))
    return comparisons.is_true(one, search.keys[one.key](record))


def _order(key: str, search: Search) -> Callable[[Record], Any]:
    read = {**search.keys, **_TIMES}.get(key)
    if read is None:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid order by key {key!r} specified.")
    return lambda record: (read(record) is not None, read(record))
