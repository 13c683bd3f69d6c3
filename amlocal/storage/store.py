"""What is written down as JSON, in one SQLite file: resources by kind, scope, name, version. Blobs are files."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from amlocal.storage import disks
from amlocal.storage.addresses import Addresses
from amlocal.web.http import ArmError

READERS = 4

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, scope TEXT NOT NULL, name_key TEXT NOT NULL, version_key TEXT NOT NULL,
    name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL,
    created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 1,
    UNIQUE (kind, scope, name_key, version_key)
);
CREATE INDEX IF NOT EXISTS resources_by_age ON resources (kind, scope, created_at, id);
CREATE INDEX IF NOT EXISTS resources_by_name_and_age ON resources (kind, scope, name_key, created_at, id);
"""


class Scope(NamedTuple):
    """A workspace, spelled as it was created. Two spellings are the same scope when their keys are."""

    subscription: str
    group: str
    workspace: str

    @property
    def key(self) -> str:
        return "/".join(self).lower()

    @property
    def arm_id(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )


@dataclass(frozen=True)
class Record:
    """One stored resource. Times are microseconds since 1970; `etag` changes with every write."""

    id: int
    kind: str
    name: str
    version: str
    body: dict[str, Any]
    created_at: int
    modified_at: int
    etag: str


class Page(NamedTuple):
    """`next_token` is "" on the last page."""

    records: list[Record]
    next_token: str


class Store:
    """SQLite in WAL mode: one writer behind a lock, a few readers. Thread-safe.

    synchronous=NORMAL: a committed write survives kill -9 of this process at any moment (the system holds it); only a
    power cut can take the last ones.
    """

    def __init__(self, path: Path, addresses: Addresses) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._addresses = addresses
        self._lock = threading.RLock()
        self._depth = 0
        self._own = threading.local()
        self._writer = self._open()
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self.create_tables(SCHEMA)
        for _ in range(READERS):
            self._readers.put(self._open())

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def create_tables(self, schema: str) -> None:
        """Run `CREATE … IF NOT EXISTS` statements; each module that needs its own tables has one such text."""
        with self._lock:
            self._writer.executescript(schema)

    def close(self) -> None:
        with self._lock:
            self._writer.close()
            readers = [self._readers.get_nowait() for _ in range(self._readers.qsize())]
            for reader in readers:
                reader.close()
                # A thread that comes too late gets an error, and does not wait for ever.
                self._readers.put(reader)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. Nested use in the same thread joins the outer one. Raises ArmError 507
        when the disk takes no more."""
        with self._lock:
            if self._depth:
                yield self._writer
                return
            self._depth, outer = 1, getattr(self._own, "connection", None)
            self._own.connection = self._writer
            try:
                with disks.in_words():
                    self._writer.execute("BEGIN IMMEDIATE")
                    yield self._writer
                    self._writer.execute("COMMIT")
            finally:
                self._depth, self._own.connection = 0, outer
                # Of a commit that failed as well: the next one could not begin.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from; what is committed is seen, and inside `writing()` what this thread has written
        so far.

        A thread never holds two of the few readers: nested use gives the same one, or all threads could wait for each
        other.
        """
        held = getattr(self._own, "connection", None)
        if held is not None:
            yield held
            return
        self._own.connection = connection = self._readers.get()
        try:
            yield connection
        finally:
            self._own.connection = None
            self._readers.put(connection)

    def encode(self, body: Any) -> str:
        return self._addresses.take_out(json.dumps(body))

    def decode(self, text: str) -> Any:
        return json.loads(self._addresses.put_back(text))

    def _record(self, row: sqlite3.Row) -> Record:
        return Record(
            id=row["id"],
            kind=row["kind"],
            name=row["name"],
            version=row["version"],
            body=self.decode(row["body"]),
            created_at=row["created_at"],
            modified_at=row["modified_at"],
            etag=f'"{row["id"]:x}-{row["revision"]:x}"',
        )

    def get(self, kind: str, scope: Scope | str, name: str, version: str = "") -> Record | None:
        with self.reading() as connection:
            return self._get(connection, kind, scope, name, version)

    def _get(
        self, connection: sqlite3.Connection, kind: str, scope: Scope | str, name: str, version: str
    ) -> Record | None:
        row = connection.execute(
            "SELECT * FROM resources WHERE kind=? AND scope=? AND name_key=? AND version_key=?",
            (kind, _key(scope), name.lower(), version.lower()),
        ).fetchone()
        return self._record(row) if row else None

    def put(
        self, kind: str, scope: Scope | str, name: str, version: str, body: dict[str, Any], *, if_match: str = ""
    ) -> Record:
        """Create or replace; the spelling of the first put stays. Raises ArmError 412 when `if_match` is another
        etag."""
        with self.writing() as connection:
            old = self._get(connection, kind, scope, name, version)
            if if_match and if_match != "*" and (old is None or old.etag != if_match):
                raise ArmError(412, "PreconditionFailed", f"{name!r} was changed by somebody else since it was read.")
            now = time.time_ns() // 1000
            if old is None:
                connection.execute(
                    "INSERT INTO resources"
                    " (kind, scope, name_key, version_key, name, version, body, created_at, modified_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (kind, _key(scope), name.lower(), version.lower(), name, version, self.encode(body), now, now),
                )
            else:
                connection.execute(
                    "UPDATE resources SET body=?, modified_at=?, revision=revision+1 WHERE id=?",
                    (self.encode(body), now, old.id),
                )
            record = self._get(connection, kind, scope, name, version)
            assert record is not None
            return record

    def change(
        self, kind: str, scope: Scope | str, name: str, version: str, edit: Callable[[dict[str, Any]], None]
    ) -> Record | None:
        """Read, let `edit` change the body in place, write, all in one transaction. None when it is not there."""
        with self.writing() as connection:
            record = self._get(connection, kind, scope, name, version)
            if record is None:
                return None
            edit(record.body)
            return self.put(kind, scope, record.name, record.version, record.body)

    def delete(self, kind: str, scope: Scope | str, name: str, version: str = "") -> bool:
        with self.writing() as connection:
            cursor = connection.execute(
                "DELETE FROM resources WHERE kind=? AND scope=? AND name_key=? AND version_key=?",
                (kind, _key(scope), name.lower(), version.lower()),
            )
            return cursor.rowcount > 0

    def delete_scope(self, scope: Scope | str) -> None:
        """Forget every resource of a workspace."""
        with self.writing() as connection:
            connection.execute("DELETE FROM resources WHERE scope=?", (_key(scope),))

    def list(
        self,
        kind: str,
        scope: Scope | str | None,
        *,
        name: str = "",
        top: int = 100,
        skip_token: str = "",
        is_newest_first: bool = True,
        accept: Callable[[Record], bool] | None = None,
    ) -> Page:
        """At most `top` records by age that `accept` says yes to; `scope=None` means all of them.

        The token is the place of the last record seen, so a page costs the same however far down it is. Raises
        ArmError 400.
        """
        conditions, values = ["kind=?"], [kind]  # type: tuple[list[str], list[Any]]
        if scope is not None:
            conditions.append("scope=?")
            values.append(_key(scope))
        if name:
            conditions.append("name_key=?")
            values.append(name.lower())
        if skip_token:
            conditions.append(f"(created_at, id) {'<' if is_newest_first else '>'} (?, ?)")
            values.extend(_place(skip_token))
        direction = "DESC" if is_newest_first else "ASC"
        where = " AND ".join(conditions)
        # Only words written above become part of the statement; every value is bound.
        statement = f"SELECT * FROM resources WHERE {where} ORDER BY created_at {direction}, id {direction}"  # noqa: S608
        records: list[Record] = []
        with self.reading() as connection:
            for row in connection.execute(statement, values):
                record = self._record(row)
                if accept is not None and not accept(record):
                    continue
                if len(records) == top:
                    return Page(records, f"{records[-1].created_at}-{records[-1].id}")
                records.append(record)
        return Page(records, "")

    def highest_number(self, kind: str, scope: Scope | str, name: str) -> int:
        """The highest version of a name that is a whole number; 0 when none is."""
        find = (
            "SELECT max(CAST(version_key AS INTEGER)) FROM resources"
            " WHERE kind=? AND scope=? AND name_key=? AND version_key<>'' AND version_key NOT GLOB '*[^0-9]*'"
        )
        with self.reading() as connection:
            row = connection.execute(find, (kind, _key(scope), name.lower())).fetchone()
        return int(row[0] or 0)


def _key(scope: Scope | str) -> str:
    return scope.lower() if isinstance(scope, str) else scope.key


def _place(token: str) -> tuple[int, int]:
    try:
        created_at, identifier = map(int, token.split("-"))
        if max(abs(created_at), abs(identifier)) >= 2**63:
            raise ValueError(token)
        return created_at, identifier
    except ValueError:
        raise ArmError(400, "InvalidSkipToken", f"The skip token {token!r} is not one of ours.") from None
