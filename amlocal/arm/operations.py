"""Long-running operations: what ARM answers with 201/202 and a URL to poll. They survive a restart; how fast they go
is `Pace`. What a client is told of them is in polls.py."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amlocal.storage.store import Scope, Store
from amlocal.web.controls import Controls
from amlocal.web.http import ArmError

log = logging.getLogger("amlocal.operations")

SCHEMA = """
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY, subscription TEXT NOT NULL, resource_group TEXT NOT NULL, workspace TEXT NOT NULL,
    region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, verb TEXT NOT NULL,
    status TEXT NOT NULL, error TEXT, result TEXT,
    polls_left INTEGER NOT NULL, due_at REAL NOT NULL, began_at REAL NOT NULL, ended_at REAL
);
CREATE INDEX IF NOT EXISTS operations_open ON operations (status) WHERE status = 'InProgress';
"""
RETRY_SECONDS = 1.0
SUCCEEDED, FAILED, IN_PROGRESS = "Succeeded", "Failed", "InProgress"


class OperationFailed(Exception):
    """Raised by a worker: the operation ends as Failed with this code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Operation:
    """`verb` is put, delete or the name of an action; `status` is ARM's word; times are seconds since 1970."""

    id: str
    scope: Scope
    region: str
    kind: str
    name: str
    version: str
    verb: str
    status: str
    error: dict[str, Any] | None
    result: dict[str, Any] | None
    polls_left: int
    due_at: float
    began_at: float
    ended_at: float | None

    @property
    def is_open(self) -> bool:
        return self.status == IN_PROGRESS


Worker = Callable[[Operation], "dict[str, Any] | None"]


class Operations:
    """Begins, runs and ends operations.

    What happens when one is due:
    * its worker, if `workers[(kind, verb)]` is set, runs in a thread of its own. It must be safe to run twice, because
      one that a kill interrupted runs again at the next start. It raises OperationFailed, or returns the result body of
      an action (or None).
    * then, for `put`, `properties.provisioningState` of the stored resource becomes Succeeded or Failed; for `delete`,
      the resource is removed.
    """

    def __init__(self, store: Store, controls: Controls) -> None:
        self._store = store
        self._controls = controls
        self.workers: dict[tuple[str, str], Worker] = {}
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_stopping = False
        store.create_tables(SCHEMA)

    def start(self) -> None:
        """Go on with what was open when the last process ended; call it after every module has set its workers."""
        threading.Thread(target=self._tick, name="operations", daemon=True).start()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()

    def begin(
        self,
        scope: Scope,
        kind: str,
        name: str,
        version: str = "",
        *,
        verb: str,
        region: str = "eastus",
        is_quick: bool = False,
    ) -> Operation:
        """Write the operation down and, at the immediate pace, run it. Without a worker (or with one that `is_quick`)
        it has then ended.

        Call it inside the `store.writing()` that stores the resource, so that neither exists without the other; a
        worker starts after that commit.
        """
        pace = self._controls.pace_for(kind)
        identifier = str(uuid.uuid4())
        now = time.time()
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, NULL)",
                (
                    *(identifier, *scope, region, kind, name, version, verb, IN_PROGRESS),
                    *(pace.polls, now + pace.seconds, now),
                ),
            )
            if pace.is_immediate and (is_quick or (kind, verb) not in self.workers):
                self._run(identifier)
        self._wake.set()
        return self.get(identifier)

    def get(self, identifier: str) -> Operation:
        """Raises ArmError 404."""
        with self._store.reading() as connection:
            row = connection.execute("SELECT * FROM operations WHERE id=?", (identifier,)).fetchone()
        if row is None:
            raise ArmError(404, "OperationNotFound", f"There is no operation {identifier}.")
        return Operation(
            id=row["id"],
            scope=Scope(row["subscription"], row["resource_group"], row["workspace"]),
            region=row["region"],
            kind=row["kind"],
            name=row["name"],
            version=row["version"],
            verb=row["verb"],
            status=row["status"],
            error=self._store.decode(row["error"]) if row["error"] else None,
            result=self._store.decode(row["result"]) if row["result"] else None,
            polls_left=row["polls_left"],
            due_at=row["due_at"],
            began_at=row["began_at"],
            ended_at=row["ended_at"],
        )

    def open_on(self, scope: Scope, kind: str, name: str, version: str = "") -> Operation | None:
        """The unfinished operation on a resource, if there is one: another change is then a conflict."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT id FROM operations WHERE status=?", (IN_PROGRESS,)).fetchall()
        wanted = (scope.key, kind, name.lower(), version.lower())
        for operation in (self.get(row["id"]) for row in rows):
            if (operation.scope.key, operation.kind, operation.name.lower(), operation.version.lower()) == wanted:
                return operation
        return None

    def count_poll(self, identifier: str) -> Operation:
        """A client asked for the status: at the pace of n polls the n+1st sees the end."""
        operation = self.get(identifier)
        if operation.is_open and operation.polls_left > 0:
            with self._store.writing() as connection:
                connection.execute("UPDATE operations SET polls_left=polls_left-1 WHERE id=?", (identifier,))
            return operation
        if operation.is_open and operation.due_at <= time.time():
            self._start_run(operation)
        return self.get(identifier)

    def _tick(self) -> None:
        """Starts what is due. At the pace of polls only the client's polls move an operation."""
        while not self._is_stopping:
            self._wake.clear()
            try:
                seconds = self._start_due()
            except Exception:
                # Such as a full disk, which may have room again.
                log.exception("operations that are due could not be taken further")
                seconds = RETRY_SECONDS
            self._wake.wait(seconds)

    def _start_due(self) -> float:
        """The seconds until the next is due."""
        # begin() wakes us inside its caller's transaction: the writer's lock makes us wait for the commit.
        with self._store.writing() as connection:
            rows = connection.execute(
                "SELECT id, due_at FROM operations WHERE status=? AND polls_left=0", (IN_PROGRESS,)
            ).fetchall()
        now = time.time()
        for row in rows:
            if row["due_at"] <= now and row["id"] not in self._running:
                self._start_run(self.get(row["id"]))
        return max(0.01, min((row["due_at"] - now for row in rows if row["due_at"] > now), default=60.0))

    def _start_run(self, operation: Operation) -> None:
        with self._lock:
            if operation.id in self._running:
                return
            self._running.add(operation.id)
        if (operation.kind, operation.verb) in self.workers:
            threading.Thread(target=self._run, args=(operation.id,), name=operation.kind, daemon=True).start()
        else:
            self._run(operation.id)

    def _run(self, identifier: str) -> None:
        try:
            operation = self.get(identifier)
            if operation.is_open:
                self._run_open(operation)
        finally:
            with self._lock:
                self._running.discard(identifier)

    def _run_open(self, operation: Operation) -> None:
        worker = self.workers.get((operation.kind, operation.verb))
        try:
            self._take_fault(operation)
            result = worker(operation) if worker else None
        except OperationFailed as exc:
            self._end(operation, FAILED, error={"code": exc.code, "message": exc.message})
        except Exception:
            log.exception("operation %s (%s %s %s) broke", operation.id, operation.verb, operation.kind, operation.name)
            sentence = "amlocal itself failed in this operation; its log says where."
            self._end(operation, FAILED, error={"code": "InternalServerError", "message": sentence})
        else:
            self._end(operation, SUCCEEDED, result=result)

    def _take_fault(self, operation: Operation) -> None:
        """Raises OperationFailed when a test's fault says that the next operation of this kind fails."""
        name = "/".join(part for part in (operation.name, operation.version) if part)
        fault = self._controls.faults.take_provisioning(operation.kind, name)
        if fault:
            raise OperationFailed(fault.code, fault.message)

    def _end(
        self,
        operation: Operation,
        status: str,
        *,
        error: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
    ) -> None:
        key = (operation.kind, operation.scope, operation.name, operation.version)

        def set_state(body: dict[str, Any]) -> None:
            body.setdefault("properties", {})["provisioningState"] = status

        with self._store.writing() as connection:
            if operation.verb == "delete" and status == SUCCEEDED:
                self._store.delete(*key)
            elif operation.verb in ("put", "delete"):
                self._store.change(*key, set_state)
            connection.execute(
                "UPDATE operations SET status=?, error=?, result=?, ended_at=?, polls_left=0 WHERE id=?",
                (
                    status,
                    self._store.encode(error) if error else None,
                    self._store.encode(result) if result else None,
                    time.time(),
                    operation.id,
                ),
            )
