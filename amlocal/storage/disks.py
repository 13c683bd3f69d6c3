"""A disk that takes no more, told in words. What was half written is taken back by whoever was writing."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

from amlocal.web.http import ArmError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Raises ArmError 507 in place of the error of a file or database that cannot be written."""
    try:
        yield
    except OSError as exc:
        if exc.errno in FULL:
            raise _refusal("is full") from exc
        if exc.errno in READ_ONLY:
            raise _refusal("cannot be written") from exc
        raise
    except sqlite3.OperationalError as exc:
        # The low byte is the sort of error, the rest its detail.
        sort = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if sort == sqlite3.SQLITE_FULL:
            raise _refusal("is full") from exc
        if sort in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise _refusal("cannot be written") from exc
        raise


def _refusal(what: str) -> ArmError:
    return ArmError(507, "InsufficientStorage", f"The disk with amlocal's home {what}; nothing was stored.")
