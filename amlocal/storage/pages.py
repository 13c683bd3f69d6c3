"""Lists as ARM answers them: a page of `value` and a `nextLink` to the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from amlocal.storage.store import Page, Record, Scope
from amlocal.web.http import Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

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
    `$orderBy=… asc` or `orderByAsc`
    turns the order, which is newest first.
    """
    top, size = request.query.number("$top", 0), request.query.number("count", 0)
    is_newest_first = not (request.query.get("$orderby").endswith(" asc") or request.query.get("orderByAsc") == "true")
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
    """`listViewType`: ActiveOnly (the default), ArchivedOnly or All, by `properties.isArchived`; and `tags=a=1,b`."""
    view = request.query.get("listViewType") or "ActiveOnly"
    tags = [tag.partition("=") for tag in request.query.get("tags").split(",") if tag]

    def accept(record: Record) -> bool:
        properties = record.body.get("properties", {})
        if view != "All" and bool(properties.get("isArchived")) != (view == "ArchivedOnly"):
            return False
        owned = properties.get("tags") or {}
        return all(name in owned and (not equals or str(owned[name]) == value) for name, equals, value in tags)

    return accept
