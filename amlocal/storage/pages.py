"""Lists as ARM answers them: a page of `value` and a `nextLink` to the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from amlocal.storage.context import Context
from amlocal.storage.store import Page, Record, Scope
from amlocal.web.http import Request, Response, json_response

SIZE = 100


def answer(
    context: Context,
    request: Request,
    kind: str,
    scope: Scope | str | None,
    to_arm: Callable[[Record], dict[str, Any]],
    *,
    name: str = "",
    accept: Callable[[Record], bool] | None = None,
) -> Response:
    """The page of a stored kind that the query asks for.

    `$top` is how many there are at most in all; `count` is the size of a page; `$skip` is where the last page ended;
    `$orderBy=… asc`, `orderBy=CreatedTimeAsc` or `orderByAsc` turns the order, which is newest first.
    """
    top, size = request.query.number("$top", 0), request.query.number("count", 0)
    order = (request.query.get("$orderby") or request.query.get("orderBy")).lower()
    is_newest_first = not (order.endswith("asc") or request.query.get("orderByAsc").lower() == "true")
    page = context.store.list(
        kind,
        scope,
        name=name,
        top=min(top or size or SIZE, SIZE),
        skip_token=request.query.get("$skip"),
        is_newest_first=is_newest_first,
        accept=accept,
    )
    return render(context, request, page, to_arm, is_last=0 < top <= SIZE)


def render(
    context: Context,
    request: Request,
    page: Page,
    to_arm: Callable[[Record], dict[str, Any]],
    *,
    is_last: bool = False,
) -> Response:
    """A page read elsewhere. `is_last` leaves the link out although there is more."""
    body: dict[str, Any] = {"value": [to_arm(record) for record in page.records]}
    if page.next_token and not is_last:
        query = {**request.query, "$skip": page.next_token}
        body["nextLink"] = f"{context.settings.public_url}{request.raw_path}?{urlencode(query)}"
    return json_response(body)


def is_listed(request: Request) -> Callable[[Record], bool]:
    """`listViewType`: ActiveOnly (the default), ArchivedOnly or All, by `properties.isArchived`; `tags=a=1,b` and
    `properties=…`; `version` and `stage`."""
    view = request.query.get("listViewType") or "ActiveOnly"
    has_tags = has_pairs(request.query.get("tags") or request.query.get("$tags"))
    has_properties = has_pairs(request.query.get("properties"))
    version, stage = request.query.get("version"), request.query.get("stage")

    def accept(record: Record) -> bool:
        properties = record.body.get("properties", {})
        is_seen = view == "All" or bool(properties.get("isArchived")) == (view == "ArchivedOnly")
        is_meant = version in ("", record.version) and stage in ("", properties.get("stage"))
        return (
            is_seen and is_meant and has_tags(properties.get("tags")) and has_properties(properties.get("properties"))
        )

    return accept


def has_pairs(wanted: str) -> Callable[[Mapping[str, Any] | None], bool]:
    """`a=1,b`: a is 1 and b is there, whatever it is."""
    pairs = [pair.partition("=") for pair in wanted.split(",") if pair]

    def accept(owned: Mapping[str, Any] | None) -> bool:
        held = owned or {}
        return all(name in held and (not equals or str(held[name]) == value) for name, equals, value in pairs)

    return accept
