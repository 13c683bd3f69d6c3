"""The hard time limit of one step: an alarm that interrupts it wherever it is, network reads included."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlow(BaseException):
    """The step ran into its limit. No Exception: a library's broad ``except`` must not swallow it."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TooSlow inside the block after ``seconds``. Signals need the process's main thread: no limit elsewhere."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise(number: int, frame: FrameType | None) -> None:
    raise TooSlow
