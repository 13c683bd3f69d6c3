"""Blob storage on disk: the index in SQLite, each content in a file with a random name, so that no blob name ever
becomes a path.

The REST side is in `blob_service.py`, its signatures in `blob_signatures.py`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from amlocal.storage import contents, disks
from amlocal.storage.store import Store
from amlocal.web.http import ArmError

SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs (
    account TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    content_md5 TEXT NOT NULL, metadata TEXT NOT NULL, created_at REAL NOT NULL, modified_at REAL NOT NULL, revision
    TEXT NOT NULL,
    PRIMARY KEY (account, container, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
    account TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, block TEXT NOT NULL, file TEXT NOT NULL, size
    INTEGER NOT NULL,
    PRIMARY KEY (account, container, name, block)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blobs_by_file ON blobs (file);
CREATE INDEX IF NOT EXISTS blocks_by_file ON blocks (file);
CREATE TABLE IF NOT EXISTS containers (account TEXT NOT NULL, container TEXT NOT NULL, PRIMARY KEY (account,
container)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Blob:
    """What is known of one blob; times are seconds since 1970."""

    name: str
    file: Path
    size: int
    content_type: str
    content_md5: str
    metadata: dict[str, str]
    created_at: float
    modified_at: float
    etag: str


class Blobs:
    """Accounts are made by naming them; containers are made by `create_container` or by the first write from inside
    amlocal."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self._store = store
        self._appending = threading.Lock()
        store.create_tables(SCHEMA)
        folder.mkdir(parents=True, exist_ok=True)

    def _new_file(self) -> Path:
        identifier = uuid.uuid4().hex
        path = self.folder / identifier[:2] / identifier
        with disks.in_words():
            path.parent.mkdir(exist_ok=True)
        return path

    def _path(self, file: str) -> Path:
        return self.folder / file[:2] / file

    def create_container(self, account: str, container: str) -> bool:
        """False when it was there."""
        with self._store.writing() as connection:
            cursor = connection.execute("INSERT OR IGNORE INTO containers VALUES (?, ?)", (account, container))
            return cursor.rowcount > 0

    def has_container(self, account: str, container: str) -> bool:
        with self._store.reading() as connection:
            row = connection.execute("SELECT 1 FROM containers WHERE account=? AND container=?", (account, container))
            return row.fetchone() is not None

    def delete_account(self, account: str) -> None:
        """Remove everything of a storage account, files included."""
        with self._store.writing() as connection:
            files = connection.execute(
                "SELECT file FROM blobs WHERE account=? UNION ALL SELECT file FROM blocks WHERE account=?",
                (account, account),
            ).fetchall()
            connection.execute("DELETE FROM blobs WHERE account=?", (account,))
            connection.execute("DELETE FROM blocks WHERE account=?", (account,))
            connection.execute("DELETE FROM containers WHERE account=?", (account,))
        self._remove(row["file"] for row in files)

    def find(self, account: str, container: str, name: str) -> Blob | None:
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT * FROM blobs WHERE account=? AND container=? AND name=?", (account, container, name)
            ).fetchone()
        return self._blob(row) if row else None

    def path(self, account: str, container: str, name: str) -> Path | None:
        """The file that holds the content now, to read from only; a later write goes to another file."""
        blob = self.find(account, container, name)
        return blob.file if blob else None

    def open_read(
        self, account: str, container: str, name: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The content in pieces. Raises ArmError 404."""
        blob = self.find(account, container, name)
        if blob is None:
            raise ArmError(404, "BlobNotFound", f"There is no blob {container}/{name}.")
        return self.read_pieces(blob, offset, length)

    def read_pieces(self, blob: Blob, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Opens the file at once, so that a later overwrite or delete does not disturb the reader."""
        left = blob.size - offset if length is None else min(length, blob.size - offset)
        return contents.read_pieces(blob.file.open("rb"), offset, left)

    def read(self, account: str, container: str, name: str) -> bytes:
        """All of a small blob. Raises ArmError 404."""
        return b"".join(self.open_read(account, container, name))

    def write(
        self,
        account: str,
        container: str,
        name: str,
        content: bytes | Iterable[bytes] | IO[bytes],
        *,
        content_type: str = "application/octet-stream",
        metadata: dict[str, str] | None = None,
    ) -> Blob:
        """Create or replace in one step: readers see the old content or the new. Raises ArmError 400 on an unsafe
        name, 507 when the disk takes no more."""
        contents.check_name(name)
        file = self._new_file()
        size, md5 = contents.save(file, content)
        try:
            return self._commit(account, container, name, file, size, md5, content_type, metadata or {})
        except ArmError:
            file.unlink(missing_ok=True)
            raise

    def _commit(
        self,
        account: str,
        container: str,
        name: str,
        file: Path,
        size: int,
        md5: str,
        content_type: str,
        metadata: dict[str, str],
    ) -> Blob:
        now = time.time()
        with self._store.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO containers VALUES (?, ?)", (account, container))
            # Blocks that were put for it and not committed are gone with any new content, as on Azure.
            blocks = connection.execute(
                "DELETE FROM blocks WHERE account=? AND container=? AND name=? RETURNING file",
                (account, container, name),
            ).fetchall()
            old = connection.execute(
                "SELECT file, created_at FROM blobs WHERE account=? AND container=? AND name=?",
                (account, container, name),
            ).fetchone()
            connection.execute(
                "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(account, container, name, file.name, size, content_type, md5, json.dumps(metadata)),
                    *(old["created_at"] if old else now, now, uuid.uuid4().hex[:16]),
                ),
            )
        self._remove(row["file"] for row in (*blocks, *([old] if old else [])))
        blob = self.find(account, container, name)
        assert blob is not None
        return blob

    def append(self, account: str, container: str, name: str, content: bytes) -> int:
        """Add to the end of a blob, making it if need be; its new size. For logs that grow."""
        with self._appending:
            blob = self.find(account, container, name)
            if blob is None:
                return self.write(account, container, name, content, content_type="text/plain").size
            # The index says how long the blob is: bytes that a kill left behind it are overwritten.
            with disks.in_words(), blob.file.open("r+b") as file:
                file.seek(blob.size)
                file.write(content)
                file.truncate()
            size = blob.size + len(content)
            with self._store.writing() as connection:
                connection.execute(
                    "UPDATE blobs SET size=?, modified_at=?, revision=?, content_md5=''"
                    " WHERE account=? AND container=? AND name=?",
                    (size, time.time(), uuid.uuid4().hex[:16], account, container, name),
                )
            return size

    def set_metadata(self, account: str, container: str, name: str, metadata: dict[str, str]) -> Blob | None:
        with self._store.writing() as connection:
            connection.execute(
                "UPDATE blobs SET metadata=?, modified_at=?, revision=? WHERE account=? AND container=? AND name=?",
                (json.dumps(metadata), time.time(), uuid.uuid4().hex[:16], account, container, name),
            )
        return self.find(account, container, name)

    def put_block(self, account: str, container: str, name: str, block: str, content: Iterable[bytes]) -> None:
        """Keep an uncommitted block; the same id again replaces it."""
        contents.check_name(name)
        file = self._new_file()
        size, _ = contents.save(file, content)
        key = (account, container, name, block)
        with self._store.writing() as connection:
            old = connection.execute(
                "SELECT file FROM blocks WHERE account=? AND container=? AND name=? AND block=?", key
            ).fetchone()
            connection.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)", (*key, file.name, size))
        if old:
            self._remove([old["file"]])

    def put_block_list(
        self, account: str, container: str, name: str, blocks: list[str], *, content_type: str, metadata: dict[str, str]
    ) -> Blob:
        """Make the blob from its uncommitted blocks, in this order. Raises ArmError 400 when one was never put."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT block, file FROM blocks WHERE account=? AND container=? AND name=?", (account, container, name)
            ).fetchall()
        files = {row["block"]: self._path(row["file"]) for row in rows}
        missing = [block for block in blocks if block not in files]
        if missing:
            raise ArmError(400, "InvalidBlockList", "The specified block list is invalid.")
        pieces = (piece for block in blocks for piece in contents.read_pieces(files[block].open("rb"), 0, None))
        return self.write(account, container, name, pieces, content_type=content_type, metadata=metadata)

    def delete(self, account: str, container: str, name: str) -> bool:
        blob = self.find(account, container, name)
        if blob is None:
            return False
        with self._store.writing() as connection:
            connection.execute(
                "DELETE FROM blobs WHERE account=? AND container=? AND name=?", (account, container, name)
            )
        blob.file.unlink(missing_ok=True)
        return True

    def list(self, account: str, container: str, prefix: str = "", after: str = "", limit: int = 5000) -> list[Blob]:
        """Blobs in the order of their names, from the first one after `after`, at most `limit`."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM blobs WHERE account=? AND container=? AND name>=? AND name<? AND name>?"
                " ORDER BY name LIMIT ?",
                (account, container, prefix, _end_of(prefix), after, limit),
            ).fetchall()
        return [self._blob(row) for row in rows]

    def _blob(self, row: sqlite3.Row) -> Blob:
        return Blob(
            name=row["name"],
            file=self._path(row["file"]),
            size=row["size"],
            content_type=row["content_type"],
            content_md5=row["content_md5"],
            metadata=json.loads(row["metadata"]),
            created_at=row["created_at"],
            modified_at=row["modified_at"],
            etag=f'"0x{row["revision"].upper()}"',
        )

    def _remove(self, files: Iterable[str]) -> None:
        for file in files:
            self._path(file).unlink(missing_ok=True)


def _end_of(prefix: str) -> str:
    """The first text behind every text that starts with `prefix`."""
    return prefix + "\U0010ffff"
