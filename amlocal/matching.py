"""Finds the row of the table in `routes.py` for a request, as a tree of path segments; and what the answer is when
there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from amlocal.context import Context
from amlocal.routes import ROUTES, WS, Route
from amlocal.storage import scopes
from amlocal.storage.store import Scope
from amlocal.web import preconditions, shapes
from amlocal.web.http import ArmError, Request, Response

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Node:
    """One segment: `words` are literal next segments in lower case, `part` a named one, `rest` everything that
    follows."""

    words: dict[str, Node] = field(default_factory=dict)
    part: Node | None = None
    rest: Node | None = None
    routes: dict[str, Route] = field(default_factory=dict)


def _grow(routes: tuple[Route, ...]) -> Node:
    root = Node()
    for route in routes:
        node = root
        for segment in _segments(route.path):
            if segment.endswith("*}"):
                node.rest = node = node.rest or Node()
            elif segment.startswith("{"):
                node.part = node = node.part or Node()
            else:
                node = node.words.setdefault(segment.lower(), Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.path} is in the table twice.")
        node.routes[route.method] = route
    return root


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _find(node: Node, segments: list[str], values: tuple[str, ...]) -> tuple[Node, tuple[str, ...]] | None:
    """Literal words win over named parts, these over `rest`."""
    if not segments:
        return (node, values) if node.routes else None
    head, tail = segments[0], segments[1:]
    word = node.words.get(head.lower())
    found = _find(word, tail, values) if word else None
    if found is None and node.part and head:
        found = _find(node.part, tail, (*values, unquote(head)))
    if found is None and node.rest:
        found = (node.rest, (*values, unquote("/".join(segments))))
    return found


TREE = _grow(ROUTES)


def match(method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
    """The row and its parts. Raises ArmError 404, or 405 when only the method is wrong."""
    found = _find(TREE, _segments(raw_path), ())
    if found is None:
        raise ArmError(
            404, "NotFound", f"amlocal knows no {unquote(raw_path)}. Its whole surface: python -m amlocal coverage"
        )
    node, values = found
    route = node.routes.get(method)
    if route is None:
        allowed = ", ".join(sorted(node.routes))
        raise ArmError(
            405, "MethodNotAllowed", f"{method} is not allowed here; {allowed} are.", headers={"Allow": allowed}
        )
    names = [segment.strip("{*}") for segment in _segments(route.path) if segment.startswith("{")]
    return route, dict(zip(names, values, strict=True))


def handle(context: Context, request: Request, path: str) -> Response:
    """Check the token and what every call of a surface needs, find the workspace, call the handler. Raises ArmError."""
    route, parts = match(request.method, path)
    # A rule for names that ends in `$` would let a line's end pass. Blobs have rules of their own.
    if route.surface != "blob" and _CONTROL.search(request.path):
        raise ArmError(400, "InvalidRequestUri", "The path has control characters in it.")
    if route.surface in ("arm", "ml"):
        request.claims = context.tokens.check(request, route.surface)
    if route.surface == "arm":
        preconditions.check(request)
    try:
        return _call(context, request, route, parts)
    except ArmError as exc:
        return route.refuse(exc)


def _find_workspace(context: Context, route: Route, parts: dict[str, Any]) -> Scope:
    """Takes the workspace's names out of `parts`. Raises ArmError 404, said of the parent for what is inside one."""
    wanted = Scope(parts.pop("subscription"), parts.pop("group"), parts.pop("workspace"))
    try:
        return scopes.find_workspace(context, *wanted)
    except ArmError as exc:
        kind = route.path.removeprefix(WS).strip("/").partition("/")[0]
        if exc.code != "ResourceNotFound" or not kind or not route.path.startswith(WS):
            raise
        verb = {"GET": "read", "HEAD": "read", "POST": "action", "DELETE": "delete"}.get(route.method, "write")
        sentence = f"Failed to perform '{verb}' on resource(s) of type 'workspaces/{kind}', because the parent resource"
        raise ArmError(404, "ParentResourceNotFound", f"{sentence} '{wanted.arm_id}' could not be found.") from None


def _call(context: Context, request: Request, route: Route, parts: dict[str, Any]) -> Response:
    if WS in route.path:
        parts["scope"] = _find_workspace(context, route, parts)
    if route.body is not None:
        request.put_json(shapes.read(request.json(), route.body))
    return route.handler(context, request, **parts)
