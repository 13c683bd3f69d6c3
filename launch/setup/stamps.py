"""Remembers what a set-up step was done from, as a hash of contents, so that doing it again costs nothing."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(paths: Iterable[Path], *words: str) -> str:
    """A hash of names and contents of files (folders count with all files below them) and of ``words``."""
    total = hashlib.sha256()
    for file in sorted({file for path in paths for file in _files(path)}):
        total.update(f"{file.name}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    for word in words:
        total.update(f"\0{word}".encode())
    return total.hexdigest()


def is_fresh(stamp: Path, wanted: str) -> bool:
    try:
        return stamp.read_text() == wanted
    except OSError:
        return False


def write(stamp: Path, done: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(done)


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return (file for file in path.rglob("*") if file.is_file())
    return (path,) if path.is_file() else ()
