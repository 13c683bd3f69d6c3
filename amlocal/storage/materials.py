"""Files between blob storage and the disk of a job or a scoring server: code, inputs and models come in, outputs go
out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from amlocal.storage import downloads, places
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

if TYPE_CHECKING:
    from amlocal.context import Context
    from amlocal.storage.blobs import Blob, Blobs


class Missing(Exception):
    """Something that a job or deployment needs is not there; the text is a sentence for its owner."""


def fetch(context: Context, scope: Scope, uri: str, folder: Path) -> Path:
    """Puts the file or folder a URI names into `folder` and returns its path there. Raises Missing."""
    try:
        place = places.find(context, scope, uri)
    except ArmError as exc:
        raise Missing(exc.message) from exc
    if place is None:
        return _download(context.settings.offline, uri, folder)
    target = folder / (place.base_name or "data")
    if copy(context.blobs, place, target) == 0:
        raise Missing(f"There is nothing at '{uri}'.")
    return target


def copy(blobs: Blobs, place: places.Place, target: Path) -> int:
    """Copies the blob to the file `target`, or all blobs under the place into the folder `target`; how many."""
    single = blobs.find(place.account, place.container, place.path) if place.path else None
    if single is not None and "hdi_isfolder" not in single.metadata:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(single.file, target)
        return 1
    count = 0
    target.mkdir(parents=True, exist_ok=True)
    prefix = f"{place.path}/" if place.path else ""
    for blob in iterate(blobs, place.account, place.container, prefix):
        count += 1
        inside = target / blob.name.removeprefix(prefix)
        if "hdi_isfolder" in blob.metadata:
            inside.mkdir(parents=True, exist_ok=True)
            continue
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob.file, inside)
    return count


def iterate(blobs: Blobs, account: str, container: str, prefix: str) -> Iterator[Blob]:
    """All blobs under a prefix, page by page."""
    after = ""
    while page := blobs.list(account, container, prefix, after):
        yield from page
        after = page[-1].name


def upload(blobs: Blobs, source: Path, place: places.Place) -> int:
    """Writes a file to the place, or every file of a folder under it; how many. Links that lead out of the folder are
    left out."""
    if source.is_file():
        _write(blobs, source, place)
        return 1
    root = source.resolve()
    files = [file for file in sorted(source.rglob("*")) if file.is_file() and file.resolve().is_relative_to(root)]
    for file in files:
        _write(blobs, file, place.under(file.relative_to(source).as_posix()))
    return len(files)


def _write(blobs: Blobs, file: Path, place: places.Place) -> None:
    with file.open("rb") as content:
        blobs.write(place.account, place.container, place.path, content)


def _download(offline: Path | None, uri: str, folder: Path) -> Path:
    try:
        return downloads.fetch(uri, folder, offline)
    except (OSError, ValueError) as exc:
        copies = f"Nor is there a copy in {offline}." if offline else "AMLOCAL_OFFLINE can name a folder of copies."
        # Without the query, which may be a signature.
        raise Missing(f"'{uri.partition('?')[0]}' could not be downloaded: {exc}. {copies}") from exc
