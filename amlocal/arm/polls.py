"""What a client reads while an operation runs: its status and, in the end, its result. Operations
themselves are in `operations.py`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from amlocal.arm import operations
from amlocal.web.http import Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context


def get_status(context: Context, request: Request, *, subscription: str, region: str, operation: str) -> Response:
    """GET …/locations/{region}/mfeOperationsStatus/{id}"""
    found = context.operations.count_poll(operation)
    body: dict[str, Any] = {
        "id": request.raw_path,
        "name": found.id,
        "status": found.status,
        "startTime": _iso(found.began_at),
    }
    if found.ended_at:
        body |= {"endTime": _iso(found.ended_at), "percentComplete": 100.0}
    if found.error:
        body["error"] = found.error
    # Without the header the SDK waits 30 s between two polls.
    return json_response(body, headers={"Retry-After": str(context.control.retry_after_seconds)})


def get_result(context: Context, request: Request, *, subscription: str, region: str, operation: str) -> Response:
    """GET …/locations/{region}/mfeOperationResults/{id}: 202 while it runs."""
    found = context.operations.get(operation)
    if found.is_open:
        return Response(202, headers=operations.headers(context, found))
    if found.error:
        return json_response({"error": found.error}, 409)
    return json_response(found.result if found.result is not None else {})


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
