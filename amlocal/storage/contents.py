"""Names and contents of blobs: which names are refused, and how contents travel in pieces. Keeping them is
in `blobs.py`."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from amlocal.storage import disks
from amlocal.web.http import ArmError

CHUNK = 256 * 1024
NAME_LIMIT = 1024
_NO_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def check_name(name: str) -> None:
    """Raises ArmError 400: names that would climb out of a folder when somebody downloads them are refused at the
    door, and characters that the XML of a listing cannot have."""
    segments = re.split(r"[/\\]", name)
    if not name or len(name) > NAME_LIMIT or ".." in segments or name.startswith("/") or _NO_CHARACTER.search(name):
        raise ArmError(400, "InvalidResourceName", f"The blob name {name[:80]!r} is not allowed.")


def iterate(content: bytes | Iterable[bytes] | IO[bytes]) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif hasattr(content, "read"):
        reader: Callable[[int], bytes] = content.read
        yield from iter(lambda: reader(CHUNK), b"")
    else:
        yield from content


def read_pieces(file: IO[bytes], offset: int, left: int | None) -> Iterator[bytes]:
    with file:
        file.seek(offset)
        while left is None or left > 0:
            piece = file.read(CHUNK if left is None else min(CHUNK, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


def save(file: Path, content: bytes | Iterable[bytes] | IO[bytes]) -> tuple[int, str]:
    """Write content to a new file: (size, base64 md5). Leaves no file behind when it fails. Raises ArmError 507 when
    the disk takes no more."""
    size, digest = 0, hashlib.md5(usedforsecurity=False)
    try:
        with disks.in_words(), file.open("xb") as target:
            for piece in iterate(content):
                target.write(piece)
                digest.update(piece)
                size += len(piece)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return size, base64.b64encode(digest.digest()).decode()
