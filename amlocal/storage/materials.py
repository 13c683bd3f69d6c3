"""Files between blob storage and the disk of a job or a scoring server: code, inputs and models come in, outputs go
out."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from amlocal.storage import contents, downloads, places
from amlocal.storage.blobs import Blob, Blobs
from amlocal.storage.context import Context
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

log = logging.getLogger("amlocal.storage")


class Missing(Exception):
    """Something that a job or deployment needs is not there; the text is a sentence for its owner."""


def fetch(context: Context, scope: Scope, uri: str, folder: Path) -> Path:
    """Puts the file or folder a URI names into `folder` and returns its path there. Raises Missing."""
    try:
        uri = places.resolve(context, scope, uri)
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
    """Copies the blob to the file `target`, or all blobs under the place into the folder `target`; how many. Raises
    Missing when a disk cannot have them, such as a file and a folder of one name."""
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
        # A blob's name may go on with a slash, and would then be a path from the root of this machine.
        inside = target / blob.name.removeprefix(prefix).lstrip("/")
        try:
            if "hdi_isfolder" in blob.metadata or blob.name.endswith("/"):
                inside.mkdir(parents=True, exist_ok=True)
                continue
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blob.file, inside)
        except OSError as exc:
            raise Missing(f"'{blob.name}' cannot be put on this machine's disk: {exc.strerror}.") from exc
    return count


def iterate(blobs: Blobs, account: str, container: str, prefix: str) -> Iterator[Blob]:
    """All blobs under a prefix, page by page."""
    after = ""
    while page := blobs.list(account, container, prefix, after):
        yield from page
        after = page[-1].name


def upload(blobs: Blobs, source: Path, place: places.Place, *, within: Path) -> int:
    """Writes a file to the place, or every file of a folder under it; how many. Left out, with a line in amlocal's log,
    is what cannot be a blob, and links that lead out of `within`: a job shows its own files, and nobody else's."""
    root = within.resolve()
    files = sorted(source.rglob("*")) if source.is_dir() and source.resolve().is_relative_to(root) else [source]
    count = 0
    for file in files:
        if not file.is_file():
            continue
        try:
            if not file.resolve().is_relative_to(root):
                raise ValueError("it is a link that leads out of the job")
            _write(blobs, file, place.under(file.relative_to(source).as_posix()) if file != source else place)
        except (OSError, ValueError) as exc:
            log.warning("%r was not uploaded: %s", str(file), exc)
            continue
        count += 1
    return count


def _write(blobs: Blobs, file: Path, place: places.Place) -> None:
    try:
        contents.check_name(place.path)
    except ArmError as exc:
        raise ValueError(exc.message) from exc
    with file.open("rb") as content:
        blobs.write(place.account, place.container, place.path, content)


def _download(offline: Path | None, uri: str, folder: Path) -> Path:
    try:
        return downloads.fetch(uri, folder, offline)
    except (OSError, ValueError) as exc:
        copies = f"Nor is there a copy in {offline}." if offline else "AMLOCAL_OFFLINE can name a folder of copies."
        # Without the query, which may be a signature.
        raise Missing(f"'{uri.partition('?')[0]}' could not be downloaded: {exc}. {copies}") from exc
