"""A job's growing log files, copied into its artifacts while it runs. What they are called is decided by who writes
them."""

from __future__ import annotations

from pathlib import Path

from amlocal.building.context import Context
from amlocal.storage import places
from amlocal.storage.store import Scope

PIECE = 4 * 1024 * 1024


def grow(context: Context, scope: Scope, run: str, log: Path, name: str) -> None:
    """Appends to the blob `name` among the run's artifacts what was written to `log` since."""
    place = places.run_artifacts(context, scope, run).under(name)
    blob = context.blobs.find(place.account, place.container, place.path)
    with log.open("rb") as file:
        file.seek(blob.size if blob else 0)
        grown = file.read(PIECE)
        while grown or blob is None:
            context.blobs.append(place.account, place.container, place.path, grown)
            blob, grown = (
                blob or context.blobs.find(place.account, place.container, place.path),
                file.read(PIECE),
            )


def forget(context: Context, scope: Scope, run: str, name: str) -> None:
    """What an amlocal wrote that ended before this was done."""
    place = places.run_artifacts(context, scope, run).under(name)
    context.blobs.delete(place.account, place.container, place.path)
