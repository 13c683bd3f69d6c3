"""Where a request's body begins and ends, and reading it as it comes. What two readers could understand differently is
refused: the next request on the connection would be somebody's guess."""

from __future__ import annotations

import re
from email import errors
from email.message import Message
from io import BufferedIOBase

from amlocal.web.http import ArmError

# Azure's own limit of a block (4,000 MiB); JSON bodies have a far lower one in `http.py`.
LIMIT = 4000 * 1024 * 1024
# More than a storage client sends at once: it hears why it is refused, and not that the connection broke.
DRAIN_LIMIT = 80 * 1024 * 1024
PIECE = 64 * 1024
TRAILERS = 100
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?\r?\n")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What the parser of mails says of a multipart message when it is given the head alone.
_NO_BODY = (
    errors.CloseBoundaryNotFoundDefect,
    errors.InvalidMultipartContentTransferEncodingDefect,
    errors.MultipartInvariantViolationDefect,
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
)
_ONLY_ONCE = ("Host", "Authorization", "Content-Length", "Transfer-Encoding")


def check_head(headers: Message, version: str) -> None:
    """Raises ArmError 400 on headers that can be read in two ways, 413 when the body is longer than LIMIT."""
    defects = [defect for defect in headers.defects if not isinstance(defect, _NO_BODY)]
    if defects or any(_CONTROL.search(str(value)) for value in headers.values()):
        raise _refusal("A header line is malformed.")
    twice = [name for name in _ONLY_ONCE if len(headers.get_all(name, [])) > 1]
    if twice:
        raise _refusal(f"The header {twice[0]} stands there twice.")
    length, coding = headers.get("Content-Length"), headers.get("Transfer-Encoding")
    if coding is not None and (length is not None or version != "HTTP/1.1" or coding.strip().lower() != "chunked"):
        raise _refusal("Transfer-Encoding can only be chunked, and then without a Content-Length.")
    if length is not None and not _LENGTH.fullmatch(length.strip()):
        raise _refusal("Content-Length is not a number.")
    if length is not None and int(length) > LIMIT:
        raise ArmError(413, "RequestBodyTooLarge", f"A request body may have at most {LIMIT} bytes.")


class Body:
    """The request's body as a file to read from, whichever way its length is told. Headers must have been checked."""

    def __init__(self, file: BufferedIOBase, headers: Message) -> None:
        self._file = file
        self._is_chunked = headers.get("Transfer-Encoding") is not None
        self.length = None if self._is_chunked else int(headers.get("Content-Length") or 0)
        self._left = self.length or 0
        self._is_over = not self._is_chunked and self._left == 0
        self._total = 0

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        pieces = []
        while size > 0 and not self._is_over:
            piece = self._read_some(size)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _read_some(self, size: int) -> bytes:
        if self._is_chunked and self._left == 0:
            self._left = self._read_chunk_size()
            if self._left == 0:
                self._read_trailers()
                return b""
        piece = self._file.read(min(size, self._left))
        if not piece:
            raise ConnectionError("the body ended early")
        self._left -= len(piece)
        self._total += len(piece)
        if self._left == 0 and not self._is_chunked:
            self._is_over = True
        if self._left == 0 and self._is_chunked and self._file.readline(3) not in (b"\r\n", b"\n"):
            raise ConnectionError("the chunked body is broken")
        return piece

    def _read_chunk_size(self) -> int:
        found = _CHUNK.fullmatch(self._file.readline(1024))
        if found is None:
            raise ConnectionError("the chunked body is broken")
        size = int(found[1], 16)
        if self._total + size > LIMIT:
            raise ArmError(413, "RequestBodyTooLarge", f"A request body may have at most {LIMIT} bytes.")
        return size

    def _read_trailers(self) -> None:
        for _ in range(TRAILERS):
            if self._file.readline(65536) in (b"\r\n", b"\n", b""):
                self._is_over = True
                return
        raise ConnectionError("the chunked body has too many trailers")

    def drain(self) -> bool:
        """Read what the handler left, so that the next request can follow; False when that is too much or broken."""
        left = DRAIN_LIMIT
        try:
            while not self._is_over and left > 0:
                left -= len(self.read(min(PIECE, left)))
        except (OSError, ArmError):
            return False
        return self._is_over


def _refusal(sentence: str) -> ArmError:
    return ArmError(400, "BadRequest", sentence)
