"""Who has a home: the lock that one server holds, and the file in which it says where it is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from typing import IO, Any

from amlocal.settings import Settings, SettingsError

# `status` and `env` look at the lock for a moment.
LOCK_SECONDS = 0.3


def find(settings: Settings) -> dict[str, Any] | None:
    """What the running server of this home said about itself; None when there is none, or when it is not ready yet."""
    if holder(settings) is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads((settings.home / "server.json").read_text()))
    return None


def holder(settings: Settings) -> int | None:
    """The pid of the process that has this home, ready or not; None when there is none."""
    try:
        with (settings.home / "lock").open() as file:
            # Shared: whoever only looks is in nobody's way but a server's that starts at this moment, which waits.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        text = (settings.home / "lock").read_text()
        return int(text) if text.isdigit() else 0
    except OSError as exc:
        raise SettingsError(f"{settings.home} cannot be used ({exc}).") from exc


@contextlib.contextmanager
def having(settings: Settings) -> Iterator[None]:
    """The home for whoever changes it without a server. Raises SettingsError while there is one."""
    with lock(settings):
        yield


def lock(settings: Settings) -> IO[str]:
    """The kernel gives the lock back when its holder dies, however it dies. What the last server said about itself is
    gone then. Raises SettingsError."""
    try:
        file = (settings.home / "lock").open("a")
        give_up_at = time.monotonic() + LOCK_SECONDS
        while not _is_locked(file):
            if time.monotonic() > give_up_at:
                file.close()
                raise SettingsError(f"Another amlocal is already running in {settings.home}.")
            time.sleep(0.02)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        (settings.home / "server.json").unlink(missing_ok=True)
    except OSError as exc:
        raise SettingsError(f"{settings.home} cannot be used ({exc}).") from exc
    return file


def _is_locked(file: IO[str]) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
