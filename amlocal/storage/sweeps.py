"""What a kill or a client that gave up leaves in the folder of contents: files that no row names, blocks that nobody
committed. Blobs themselves are never touched."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from amlocal.storage.store import Store

log = logging.getLogger("amlocal.sweeps")

# Azure's own: "uncommitted blocks are discarded one week after the last successful Put Block".
BLOCK_SECONDS = 7 * 24 * 3600
EVERY_SECONDS = 3600
# While amlocal runs, a file without a row may be one that is being written.
WRITING_SECONDS = 3600


def keep_clean(store: Store, folder: Path, stopping: threading.Event, started_at: float) -> None:
    """At the start, when what is older than this process belongs to nobody any more, then every hour until
    `stopping`."""
    # The clock of a file system may be a few milliseconds behind.
    before = started_at - 1
    while True:
        try:
            removed = sweep(store, folder, before=before)
        except Exception:
            if stopping.is_set():
                return
            # Such as a full disk: later is soon enough.
            log.exception("the sweep broke")
        else:
            log.log(logging.INFO if removed else logging.DEBUG, "%d files that nobody needed removed", removed)
        if stopping.wait(EVERY_SECONDS):
            return
        before = time.time() - WRITING_SECONDS


def sweep(store: Store, folder: Path, *, before: float) -> int:
    """Removes files older than `before` (seconds since 1970) that no row names, after the rows of blocks that are too
    old; how many files."""
    _forget_blocks(store, folder)
    removed = 0
    for file in folder.glob("??/*"):
        with store.reading() as connection:
            used = connection.execute(
                "SELECT 1 FROM blobs WHERE file=? UNION ALL SELECT 1 FROM blocks WHERE file=?", (file.name, file.name)
            ).fetchone()
        if used is None and _age_of(file) < before:
            file.unlink(missing_ok=True)
            removed += 1
    return removed


def _forget_blocks(store: Store, folder: Path) -> None:
    with store.reading() as connection:
        files = [row["file"] for row in connection.execute("SELECT file FROM blocks")]
    too_old = time.time() - BLOCK_SECONDS
    old = [file for file in files if _age_of(folder / file[:2] / file) < too_old]
    if old:
        with store.writing() as connection:
            connection.executemany("DELETE FROM blocks WHERE file=?", [(file,) for file in old])


def _age_of(file: Path) -> float:
    """When it was last written; 0 when it is not there."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
