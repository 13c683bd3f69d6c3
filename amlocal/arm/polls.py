"""What a client is told of an operation: the headers that say where to poll, its status and, in the end, its result.
Operations themselves are in `operations.py`."""

from __future__ import annotations

import time
from typing import Any

from amlocal.arm.context import Context
from amlocal.arm.operations import SUCCEEDED, Operation
from amlocal.web.http import Request, Response, json_response


def headers(context: Context, operation: Operation, *, is_polled: bool = False) -> dict[str, str]:
    """The polling headers of an answer; unless `is_polled` none when it has ended well: the SDK does not poll then."""
    if operation.status == SUCCEEDED and not is_polled:
        return {}
    url = status_url(context, operation)
    polling = {"Azure-AsyncOperation": url, "Retry-After": str(context.controls.retry_after_seconds)}
    if operation.verb != "put":
        polling["Location"] = url.replace("/mfeOperationsStatus/", "/mfeOperationResults/")
    return polling


def status_url(context: Context, operation: Operation) -> str:
    """Where it can be asked for, also when it has ended."""
    place = f"subscriptions/{operation.scope.subscription}/providers/Microsoft.MachineLearningServices"
    status = f"locations/{operation.region}/mfeOperationsStatus/{operation.id}?api-version=2023-04-01-preview"
    return f"{context.settings.public_url}/{place}/{status}"


def accepted(
    context: Context,
    operation: Operation,
    body: dict[str, Any] | None = None,
    status: int = 0,
    *,
    is_polled: bool = False,
) -> Response:
    """The answer to the call that began it: `body` (a put's resource) with 201, or 202; 200/204 when it has already
    ended well. `is_polled`: the client is told to ask again even so."""
    polling = headers(context, operation, is_polled=is_polled)
    if body is not None:
        return json_response(body, status or 201, polling)
    if not polling:
        return json_response(operation.result) if operation.result is not None else Response(status or 200)
    return Response(status or 202, headers=polling)


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
    return json_response(body, headers={"Retry-After": str(context.controls.retry_after_seconds)})


def get_result(context: Context, request: Request, *, subscription: str, region: str, operation: str) -> Response:
    """GET …/locations/{region}/mfeOperationResults/{id}: 202 while it runs."""
    found = context.operations.get(operation)
    if found.is_open:
        return Response(202, headers=headers(context, found))
    if found.error:
        return json_response({"error": found.error}, 409)
    return json_response(found.result if found.result is not None else {})


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
