"""Follows a run's log files by byte range into append-only chunks. Nothing is read or sent twice."""

from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db import transaction

from ops.azure import rest
from ops.azure.connections import Connection
from ops.azure.errors import AzureError
from ops.models import FINAL_STATUSES, LogChunk, LogFile, Run

READ_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
MOST_FILES = 30


def sync(run: Run, files: Mapping[str, str], azure: Connection, budget: int) -> tuple[int, bool]:
    """Append what is new in ``files`` ({name: signed URL}), at most ``budget`` bytes: how many, and if that was all.

    Raises AzureError for what is worth another try; a file that cannot be read is left out.
    """
    # User's own output first: that is what people watch.
    names = sorted(files, key=lambda name: (not name.startswith("user_logs/"), name))[:MOST_FILES]
    known = {file.name: file for file in run.log_files.all()}
    total, is_all = 0, True
    for name in names:
        file = known.get(name[:255]) or LogFile.objects.get_or_create(run=run, name=name[:255])[0]
        try:
            read, is_at_end = _follow(file, files[name], azure, budget - total, run.status in FINAL_STATUSES)
        except AzureError as error:
            if error.retryable:
                raise
            continue
        total += read
        is_all = is_all and is_at_end
    return total, is_all


def _follow(file: LogFile, url: str, azure: Connection, budget: int, is_over: bool) -> tuple[int, bool]:
    total = 0
    while not file.is_capped:
        if total >= budget:
            return total, False
        wanted = min(READ_BYTES, settings.LOG_CAP_BYTES - file.size)
        raw = rest.read_log(azure, url, file.size, wanted) if wanted > 0 else b""
        whole = raw if is_over and len(raw) < wanted else whole_characters(raw)
        if not _append(file, whole):
            return total, False
        total += len(whole)
        if len(raw) < wanted:
            break
    return total, True


def _append(file: LogFile, raw: bytes) -> bool:
    """False when another worker has appended meanwhile: its bytes are the ones that count."""
    size = file.size + len(raw)
    is_capped = size >= settings.LOG_CAP_BYTES - len(CHARACTER)
    if not raw and not is_capped:
        return True
    with transaction.atomic():
        mine = LogFile.objects.filter(pk=file.pk, size=file.size)
        if not mine.update(size=size, is_capped=is_capped):
            return False
        LogChunk.objects.bulk_create(
            LogChunk(log_file=file, offset=file.size + at, length=len(piece), text=_text(piece))
            for at, piece in pieces(raw)
        )
    file.size, file.is_capped = size, is_capped
    return True


# The longest character of UTF-8.
CHARACTER = b"\xf0\x9f\x98\x80"


def pieces(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """(position, bytes) of at most CHUNK_BYTES each, cut between characters."""
    at = 0
    while at < len(raw):
        piece = raw[at : at + CHUNK_BYTES]
        if at + len(piece) < len(raw):
            piece = whole_characters(piece) or piece
        yield at, piece
        at += len(piece)


def whole_characters(raw: bytes) -> bytes:
    """``raw`` without the beginning of a UTF-8 character at its end whose rest is still to come."""
    for back in range(1, min(len(CHARACTER), len(raw)) + 1):
        byte = raw[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 1 if byte >= 0xF8 else 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return raw[:-back] if length > back else raw
    return raw


def _text(raw: bytes) -> str:
    """PostgreSQL keeps no NUL in text."""
    return raw.decode(errors="replace").replace("\x00", "\ufffd")
