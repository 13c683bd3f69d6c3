"""`/_amlocal/*` for tests: pace of operations, faults, recorded requests, seed and reset. Off unless
AMLOCAL_CONTROL=1. What has been set is kept in `web/controls.py`."""

from __future__ import annotations

import hmac

from amlocal import deletion
from amlocal.arm import groups, quotas, workspaces
from amlocal.context import Context
from amlocal.storage.store import Scope
from amlocal.web.controls import read_pace
from amlocal.web.faults import Fault
from amlocal.web.http import ArmError, Request, Response, json_response


def guard(context: Context, request: Request) -> None:
    """Raises ArmError 404 when control is off and 401 without the client secret."""
    if not context.settings.is_controlled:
        raise ArmError(404, "ControlIsOff", "Start amlocal with AMLOCAL_CONTROL=1 to use /_amlocal.")
    shown = request.header("X-Amlocal-Secret")
    if not hmac.compare_digest(shown.encode(), context.settings.client_secret.encode()):
        raise ArmError(401, "AuthenticationFailed", "Send the value of MSI_SECRET in the header X-Amlocal-Secret.")


def get_pace(context: Context, request: Request) -> Response:
    """GET /_amlocal/pace"""
    guard(context, request)
    paces = {kind: str(pace) for kind, pace in context.controls.paces.items()}
    return json_response({"pace": paces, "retry_after": context.controls.retry_after_seconds})


def set_pace(context: Context, request: Request) -> Response:
    """PUT /_amlocal/pace {"*": "polls:2", "computes": "seconds:1", "retry_after": 1}: replaces what was set; `*` is
    every other kind."""
    guard(context, request)
    wanted = dict(request.json())
    if "retry_after" in wanted:
        context.controls.retry_after_seconds = int(wanted.pop("retry_after"))
    paces = {kind: read_pace(str(text)) for kind, text in wanted.items()}
    context.controls.paces = {"*": read_pace(context.settings.pace), **paces}
    return get_pace(context, request)


def get_quotas(context: Context, request: Request) -> Response:
    """GET /_amlocal/quotas"""
    guard(context, request)
    return json_response({"quotas": {**quotas.DEFAULTS, **context.controls.quotas}})


def set_quotas(context: Context, request: Request) -> Response:
    """PUT /_amlocal/quotas {"cores": 8, "standardDSv2Family": 4}: replaces what was set; the others are the settings'
    own."""
    guard(context, request)
    wanted = request.json()
    unknown = quotas.find_unknown(wanted)
    if unknown or not all(isinstance(limit, int) and limit >= 0 for limit in wanted.values()):
        raise ArmError(400, "InvalidQuota", f"A quota is a number for one of {', '.join(quotas.DEFAULTS)} or a family.")
    context.controls.quotas = {**context.settings.quotas, **wanted}
    context.capacity.announce_change()
    return get_quotas(context, request)


def list_faults(context: Context, request: Request) -> Response:
    """GET /_amlocal/faults: those that have not been used up."""
    guard(context, request)
    return json_response({"value": context.controls.faults.to_json()})


def add_fault(context: Context, request: Request) -> Response:
    """POST /_amlocal/faults: see `Fault` for the fields."""
    guard(context, request)
    context.controls.faults.add(Fault.read(request.json()))
    return list_faults(context, request)


def clear_faults(context: Context, request: Request) -> Response:
    """DELETE /_amlocal/faults"""
    guard(context, request)
    context.controls.faults.clear()
    return Response(204)


def reset(context: Context, request: Request) -> Response:
    """POST /_amlocal/reset: ends every job and server and forgets everything but the first workspace."""
    guard(context, request)
    deletion.delete_everything(context)
    return Response(204)


def seed(context: Context, request: Request) -> Response:
    """POST /_amlocal/seed {"workspaces": [{"subscription", "group", "name", "location"?, "tags"?}]}: makes what is
    missing."""
    guard(context, request)
    for wanted in request.json().get("workspaces") or []:
        scope = Scope(wanted["subscription"], wanted["group"], wanted["name"])
        workspaces.check_name(scope.workspace)
        with context.store.writing():
            if context.store.get("subscriptions", "", scope.subscription) is None:
                groups.add_subscription(context, scope.subscription)
            if context.store.get("groups", scope.subscription, scope.group) is None:
                groups.add_group(context, scope.subscription, scope.group, wanted)
            workspaces.create(context, scope, wanted)
    return Response(204)


def list_requests(context: Context, request: Request) -> Response:
    """GET /_amlocal/requests?method=PUT&path=REGEX: the last 20,000, oldest first."""
    guard(context, request)
    method, pattern = request.query.get("method").upper(), request.query.get("path")
    matches = context.controls.faults.matcher(pattern)
    recorded = [
        entry.to_json()
        for entry in list(context.controls.recorded)
        if (not method or entry.method == method) and matches(entry.path)
    ]
    return json_response({"value": recorded})


def clear_requests(context: Context, request: Request) -> Response:
    """DELETE /_amlocal/requests"""
    guard(context, request)
    context.controls.recorded.clear()
    return Response(204)
