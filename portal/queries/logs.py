"""A run's mirrored log, read by byte offset in bounded pieces: a log of 64 MB never comes into memory at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ops.models import LogChunk, LogFile, Run

# The bound of one JSON answer; chunks are at most 64 KB each (ops.flows), so whole chunks fit.
ANSWER_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1024
MAIN_LOG = "user_logs/std_log.txt"
PAGE_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a log file from byte ``offset`` to ``next_offset``, where the next read goes on.

    The mirror calls a run final only when it has read the last of its logs, so ``is_final`` ends the reading.
    """

    file: str
    text: str
    offset: int
    next_offset: int
    size: int
    is_final: bool
    is_capped: bool


def choose(run: Run, name: str) -> LogFile | None:
    """The log file of that name; without a name the script's own output, else the first there is."""
    files = {file.name: file for file in run.log_files.all()}
    if name:
        return files.get(name)
    return files.get(MAIN_LOG) or next(iter(files.values()), None)


def start(log_file: LogFile) -> int:
    """Where to begin reading without an asked offset: at 0, or near the end of a file larger than one answer."""
    if log_file.size <= ANSWER_BYTES:
        return 0
    chunks = log_file.chunks.filter(offset__gte=log_file.size - ANSWER_BYTES)
    first: int | None = chunks.values_list("offset", flat=True).first()
    return log_file.size if first is None else first


def read(run: Run, log_file: LogFile | None, offset: int | None) -> Piece:
    """Return the piece from byte ``offset`` on (None: see ``start``); an empty one when there is no file yet."""
    if log_file is None:
        return Piece("", "", 0, 0, 0, is_final=run.is_final, is_capped=False)
    begin = start(log_file) if offset is None else max(0, offset)
    text, end = _piece(log_file, begin)
    return Piece(
        file=log_file.name,
        text=text,
        offset=begin,
        next_offset=end,
        size=log_file.size,
        is_final=run.is_final and end >= log_file.size,
        is_capped=log_file.is_capped,
    )


def whole(log_file: LogFile) -> Iterator[str]:
    """The file's text from the start, a megabyte at a time, for a streamed download."""
    after = -1
    while chunks := list(log_file.chunks.filter(offset__gt=after)[:PAGE_CHUNKS]):
        yield "".join(chunk.text for chunk in chunks)
        after = chunks[-1].offset


def plain_name(log_file: LogFile) -> str:
    """The file's name for a download: letters, digits, dots and dashes only."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", log_file.name.rpartition("/")[2]) or "log.txt"


def _piece(log_file: LogFile, begin: int) -> tuple[str, int]:
    window = log_file.chunks.filter(offset__gt=begin - CHUNK_BYTES, offset__lt=begin + ANSWER_BYTES)
    parts, end = [], begin
    for chunk in window:
        if chunk.offset + chunk.length <= begin:
            continue
        if end > begin and chunk.offset + chunk.length - begin > ANSWER_BYTES:
            break
        parts.append(_from(chunk, begin))
        end = chunk.offset + chunk.length
    return "".join(parts), end


def _from(chunk: LogChunk, begin: int) -> str:
    """The chunk's text from byte ``begin`` of the file on; a character cut in two is left out."""
    if begin <= chunk.offset:
        return chunk.text
    return chunk.text.encode()[begin - chunk.offset :].decode(errors="ignore")
