"""Names content by its hash: the same recipe or upload is sent to Azure once."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

HEX_DIGITS = 12


def version_of(*parts: str | bytes) -> str:
    """A version of 12 hex digits for texts and bytes, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()[:HEX_DIGITS]


def version_of_files(files: Iterable[Path]) -> str:
    """A version of 12 hex digits for files' names and bytes, whatever order they come in; read in pieces."""
    parts: list[str] = []
    for file in sorted(files):
        with file.open("rb") as stream:
            parts += [file.name, hashlib.file_digest(stream, "sha256").hexdigest()]
    return version_of(*parts)
