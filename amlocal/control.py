"""`/_amlocal/*` for tests: pace of operations, faults, recorded requests, seed and reset. Off unless
AMLOCAL_CONTROL=1."""

from __future__ import annotations

import collections
import hmac
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from amlocal import deletion
from amlocal.arm import groups, quotas, workspaces
from amlocal.arm.operations import Operation, OperationFailed
from amlocal.settings import Settings
from amlocal.storage.store import Scope
from amlocal.web.faults import Fault, Faults
from amlocal.web.http import ArmError, QueryDict, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

RECORDED = 20_000
LEAST_KIND_RETRY_AFTER = 120


@dataclass(frozen=True)
class Pace:
    """How long an operation stays InProgress: for n status polls, for some seconds, or not at all."""

    polls: int = 0
    seconds: float = 0.0

    @property
    def is_immediate(self) -> bool:
        return self.polls == 0 and self.seconds == 0

    def __str__(self) -> str:
        return f"polls:{self.polls}" if self.polls else f"seconds:{self.seconds:g}" if self.seconds else "immediate"


def read_pace(text: str) -> Pace:
    """`immediate`, `polls:3` or `seconds:1.5`. Raises ArmError 400."""
    word, _, number = text.partition(":")
    try:
        if word == "immediate" and not number:
            return Pace()
        if word == "polls":
            return Pace(polls=int(number))
        if word == "seconds":
            return Pace(seconds=float(number))
    except ValueError:
        pass
    raise ArmError(400, "InvalidPace", f"A pace is immediate, polls:N or seconds:S, not {text!r}.")


class Recorded(NamedTuple):
    """A request that was answered with `status` (0: not at all), `at` seconds since 1970. Twenty thousand of these are
    kept: small, the query as it was sent."""

    method: str
    path: str
    raw_query: str
    status: int
    tags: dict[str, Any] | None
    at: float

    def to_json(self) -> dict[str, Any]:
        query = dict(QueryDict(parse_qsl(self.raw_query, keep_blank_values=True)))
        return {
            "method": self.method,
            "path": self.path,
            "query": query,
            "status": self.status,
            "tags": self.tags,
            "at": self.at,
        }


class Control:
    """What tests may turn; kept in memory, so a restart is back at the settings' own pace with no faults."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.faults = Faults()
        self.recorded: collections.deque[Recorded] = collections.deque(maxlen=RECORDED)
        self.start_over()

    def start_over(self) -> None:
        self.paces = {"*": read_pace(self._settings.pace)}
        self.retry_after_seconds = LEAST_KIND_RETRY_AFTER if self._settings.is_least_kind else 1
        self.quotas = dict(self._settings.quotas)
        self.faults.clear()
        self.recorded.clear()

    def pace_for(self, kind: str) -> Pace:
        return self.paces.get(kind, self.paces["*"])

    def fail_provisioning(self, operation: Operation) -> None:
        """Raises OperationFailed when a fault says that the next operation of this kind fails."""
        fault = self.faults.take_provisioning(operation)
        if fault:
            raise OperationFailed(fault.code, fault.message)

    def record(self, request: Request, status: int) -> None:
        if self._settings.is_controlled:
            # Clients ask for the same thing again and again: one text for all of them.
            path, query = sys.intern(request.path), sys.intern(request.raw_query)
            self.recorded.append(Recorded(request.method, path, query, status, request.tags, time.time()))


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
    paces = {kind: str(pace) for kind, pace in context.control.paces.items()}
    return json_response({"pace": paces, "retry_after": context.control.retry_after_seconds})


def set_pace(context: Context, request: Request) -> Response:
    """PUT /_amlocal/pace {"*": "polls:2", "computes": "seconds:1", "retry_after": 1}: replaces what was set; `*` is
    every other kind."""
    guard(context, request)
    wanted = dict(request.json())
    if "retry_after" in wanted:
        context.control.retry_after_seconds = int(wanted.pop("retry_after"))
    paces = {kind: read_pace(str(text)) for kind, text in wanted.items()}
    context.control.paces = {"*": read_pace(context.settings.pace), **paces}
    return get_pace(context, request)


def get_quotas(context: Context, request: Request) -> Response:
    """GET /_amlocal/quotas"""
    guard(context, request)
    return json_response({"quotas": {**quotas.DEFAULTS, **context.control.quotas}})


def set_quotas(context: Context, request: Request) -> Response:
    """PUT /_amlocal/quotas {"cores": 8, "standardDSv2Family": 4}: replaces what was set; the others are the settings'
    own."""
    guard(context, request)
    wanted = request.json()
    unknown = quotas.find_unknown(wanted)
    if unknown or not all(isinstance(limit, int) and limit >= 0 for limit in wanted.values()):
        raise ArmError(400, "InvalidQuota", f"A quota is a number for one of {', '.join(quotas.DEFAULTS)} or a family.")
    context.control.quotas = {**context.settings.quotas, **wanted}
    context.runner.look_again()
    return get_quotas(context, request)


def list_faults(context: Context, request: Request) -> Response:
    """GET /_amlocal/faults: those that have not been used up."""
    guard(context, request)
    return json_response({"value": context.control.faults.to_json()})


def add_fault(context: Context, request: Request) -> Response:
    """POST /_amlocal/faults: see `Fault` for the fields."""
    guard(context, request)
    context.control.faults.add(Fault.read(request.json()))
    return list_faults(context, request)


def clear_faults(context: Context, request: Request) -> Response:
    """DELETE /_amlocal/faults"""
    guard(context, request)
    context.control.faults.clear()
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
    matches = context.control.faults.matcher(pattern)
    recorded = [
        entry.to_json()
        for entry in list(context.control.recorded)
        if (not method or entry.method == method) and matches(entry.path)
    ]
    return json_response({"value": recorded})


def clear_requests(context: Context, request: Request) -> Response:
    """DELETE /_amlocal/requests"""
    guard(context, request)
    context.control.recorded.clear()
    return Response(204)
