"""What a test has set through `/_amlocal/*`: pace of operations, quotas, faults; and the requests that were recorded.
The calls themselves are in `control.py`."""

from __future__ import annotations

import collections
import sys
import time
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from amlocal.settings import Settings
from amlocal.web.faults import Faults
from amlocal.web.http import ArmError, QueryDict, Request

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


class Controls:
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

    def record(self, request: Request, status: int) -> None:
        if self._settings.is_controlled:
            # Clients ask for the same thing again and again: one text for all of them.
            path, query = sys.intern(request.path), sys.intern(request.raw_query)
            self.recorded.append(Recorded(request.method, path, query, status, request.tags, time.time()))
