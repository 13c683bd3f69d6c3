"""Keeps a code folder as it is now, and lays a kept one out again."""

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from ops.errors import OpsError
from ops.models import CodeSnapshot

LEFT_OUT = {"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store"}


def keep(folder: Path) -> CodeSnapshot:
    """Return the snapshot of the folder's present content, made unless that content is kept already."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in _files(folder)}
    digest = digest_of(files)
    found = CodeSnapshot.objects.filter(digest=digest).first()
    return found or _make(digest, files)


def lay_out(digest: str, folder: Path) -> None:
    """Write the snapshot's files into an empty folder. Raises OpsError("run:code_gone") when it is no longer kept."""
    snapshot = CodeSnapshot.objects.filter(digest=digest).first()
    if snapshot is None or not snapshot.file.storage.exists(str(snapshot.file.name)):
        raise OpsError("run:code_gone")
    with snapshot.file.open("rb") as stream, zipfile.ZipFile(stream) as packed:
        packed.extractall(folder)


def digest_of(files: dict[str, bytes]) -> str:
    """Return the SHA-256 of names and contents, each with its length in front so that none runs into the next."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".pyc", ".pyo"})
    return sorted(path for path in found if LEFT_OUT.isdisjoint(path.relative_to(folder).parts))


def _make(digest: str, files: dict[str, bytes]) -> CodeSnapshot:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            packed.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    snapshot = CodeSnapshot(digest=digest, size=len(buffer.getvalue()))
    try:
        with transaction.atomic():
            snapshot.file.save(f"{digest[:20]}.zip", ContentFile(buffer.getvalue()))
    except IntegrityError:
        snapshot.file.storage.delete(str(snapshot.file.name))
        return CodeSnapshot.objects.get(digest=digest)
    return snapshot
