"""Fingerprints of files: a set-up step writes down what it was done from, so that it is done again only after a change.

A fingerprint is a hash of contents, not of dates, because a checkout changes the dates.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of(paths: Iterable[Path], *words: str) -> str:
    """A hash of names and contents of files (folders count with all files below them) and of ``words``."""
    total = hashlib.sha256()
    for file in sorted({file for path in paths for file in _files(path)}):
        total.update(f"{file.name}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    for word in words:
        total.update(f"\0{word}".encode())
    return total.hexdigest()


def is_current(file: Path, fingerprint: str) -> bool:
    """Whether the file holds this fingerprint; a missing file does not."""
    try:
        return file.read_text() == fingerprint
    except OSError:
        return False


def write(file: Path, fingerprint: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(fingerprint)


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return (file for file in path.rglob("*") if file.is_file())
    return (path,) if path.is_file() else ()
