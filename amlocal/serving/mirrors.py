"""Copies of scoring calls on their way to a shadow deployment: bounded in number and bytes, dropped beyond that. Which
calls are copied, and how one is made, is scoring.py's business."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable

THREADS = 4
COPIES = 200
BYTES = 64 * 1024 * 1024


class Mirrors:
    """Thread-safe. Its threads are started with the first copy."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._copies: deque[tuple[Callable[[], object], int]] = deque()
        self._bytes = 0
        self._threads: list[threading.Thread] = []
        self._is_stopping = False

    def send(self, call: Callable[[], object], size: int) -> bool:
        """Never waits: False when the copy is dropped, because too many are on their way."""
        with self._changed:
            if self._is_stopping or len(self._copies) >= COPIES or self._bytes + size > BYTES:
                return False
            self._copies.append((call, size))
            self._bytes += size
            if len(self._threads) < THREADS:
                self._threads.append(threading.Thread(target=self._work, name="mirror", daemon=True))
                self._threads[-1].start()
            self._changed.notify()
        return True

    def stop(self) -> None:
        with self._changed:
            self._is_stopping = True
            self._copies.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._copies or self._is_stopping)
                if self._is_stopping:
                    return
                call, size = self._copies.popleft()
            try:
                with contextlib.suppress(Exception):
                    call()
            finally:
                with self._changed:
                    self._bytes -= size
