"""Faults that a test asks for: which request (or operation) goes wrong, how, and how often. `control.py` takes the
orders."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from amlocal.web.http import ArmError, Request, Response, error_response


class ConnectionDropped(Exception):
    """The server must close the connection without a (whole) answer."""


@dataclass
class Fault:
    """One order. `method` and `path` (a regular expression searched in the decoded path) choose requests;
    `provisioning` chooses operations
    by kind (`deployments`, `computes`, …) instead, `path` then searches the resource's name.

    For requests: `delay` seconds of silence first; then `drop` (no answer), `half` (do it, cut its answer in the
    middle), `lose` (do it, then no answer),
    or `status` with `code`, `message` and `retry_after`. With none of these the request goes on after the delay.
    """

    method: str = ""
    path: str = ""
    count: int = 1
    status: int = 0
    code: str = "InjectedFault"
    message: str = "This fault was asked for by a test."
    delay: float = 0.0
    drop: bool = False
    half: bool = False
    lose: bool = False
    retry_after: float = 0.0
    provisioning: str = ""

    @classmethod
    def read(cls, body: dict[str, Any]) -> Fault:
        """Raises ArmError 400 on a field that is not one, or a pattern that is no regular expression."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(body) - known)
        if unknown:
            raise ArmError(
                400, "InvalidFault", f"A fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            )
        Faults.matcher(str(body.get("path", "")))
        return cls(**body)

    def chooses(self, method: str, path: str) -> bool:
        return (not self.method or self.method.upper() == method) and bool(re.search(self.path, path, re.IGNORECASE))


class Faults:
    """The orders not used up yet, first come first served."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    @staticmethod
    def matcher(pattern: str) -> Callable[[str], bool]:
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
        except re.error as exc:
            raise ArmError(400, "InvalidPattern", f"{pattern!r} is not a regular expression: {exc}") from exc
        return lambda text: bool(compiled.search(text))

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def to_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._orders]

    def take(self, request: Request) -> Fault | None:
        """The fault for this request, counted down."""
        if not self._orders or request.path.startswith("/_amlocal"):
            return None
        return self._take(lambda fault: not fault.provisioning and fault.chooses(request.method, request.path))

    def take_provisioning(self, kind: str, name: str) -> Fault | None:
        """The fault for the operation that now ends on a resource, counted down; `name` is `NAME` or `NAME/VERSION`."""
        return self._take(lambda fault: fault.provisioning == kind and fault.chooses(fault.method, name))

    def _take(self, is_meant: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for fault in self._orders:
                if is_meant(fault):
                    fault.count -= 1
                    if fault.count <= 0:
                        self._orders.remove(fault)
                    return fault
        return None


def strike(fault: Fault) -> Response | None:
    """What happens before the request is handled: the answer to give instead, if any. Raises ConnectionDropped."""
    time.sleep(fault.delay)
    if fault.drop:
        raise ConnectionDropped
    if fault.status:
        error = ArmError(fault.status, fault.code, fault.message)
        if fault.retry_after:
            error.headers["Retry-After"] = f"{fault.retry_after:g}"
        return error_response(error)
    return None
