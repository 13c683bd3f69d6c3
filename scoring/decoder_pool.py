"""Decodes strangers' images in child processes with limits, which a web process starts when it first needs them.

The children get no environment, no open file and no socket of the parent (see `scoring.decoder_process`), and what they
answer is checked like any stranger's bytes. A child that died, or did not answer in time, is replaced.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from scoring.budgets import ImageRefused
from scoring.decoder_process import FRAME, READY
from scoring.errors import EndpointAnswer
from scoring.images import MAX_BYTES, MAX_PIXELS, Picture, Pixels
from scoring.specs import ImageSpec

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-E", "-s", "-m", "scoring.decoder_process")

ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "16777216", "MALLOC_TRIM_THRESHOLD_": "33554432"}
"""Nothing of the parent's. The C library of Linux then keeps up to 32 MB for the next picture: 10 ms less for each."""

PROCESSES = max(1, min(os.cpu_count() or 1, 4))
"""How many pictures are decoded at once."""

WAIT_SECONDS, MAX_WAITING = 5.0, 4
"""How long a thread waits for a free process, and how many do at once; the next is told at once that we are busy."""

START_SECONDS, DEADLINE_SECONDS = 30.0, 20.0
"""When a child that does not start, or does not answer, is killed. The limit of processor time comes long before."""

PIPE_BYTES = 1_048_576
"""Larger than the default, so that an upload needs fewer changes between the processes; Linux only."""

MOST_ANSWER_BYTES = 300_000_000

_log = logging.getLogger(__name__)


class DecoderPool:
    """Up to `size` child processes, each used by one thread at a time. Safe for threads and after a fork."""

    def __init__(self, size: int = PROCESSES) -> None:
        self.size = size
        self._begin()

    def _begin(self) -> None:
        self._process_id = os.getpid()
        self._free = threading.Semaphore(self.size)
        self._counting = threading.Lock()
        self._waiting = 0
        self._idle: list[_Decoder] = []

    def prepare(
        self,
        data: bytes,
        spec: ImageSpec,
        *,
        max_bytes: int = MAX_BYTES,
        max_pixels: int = MAX_PIXELS,
        max_waiting: int = MAX_WAITING,
    ) -> Picture:
        """The same as images.prepare, in a child. Raises ImageRefused, and EndpointAnswer("busy")."""
        if not data:
            raise ImageRefused("image_empty")
        if len(data) > max_bytes:
            raise ImageRefused("image_too_large", size=len(data), limit=max_bytes)
        if self._process_id != os.getpid():  # forked: the children are the parent's
            self._begin()
        with self._turn(max_waiting):
            decoder = self._take()
            try:
                return decoder.prepare(data, spec, max_bytes, max_pixels)
            finally:
                self._put_back(decoder)

    def close(self) -> None:
        """End the children that are idle."""
        while self._idle:
            self._idle.pop().close()

    @contextlib.contextmanager
    def _turn(self, max_waiting: int) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            self._wait(max_waiting)
        try:
            yield
        finally:
            self._free.release()

    def _wait(self, max_waiting: int) -> None:
        with self._counting:
            if self._waiting >= max_waiting:
                raise EndpointAnswer("busy")
            self._waiting += 1
        try:
            if not self._free.acquire(timeout=WAIT_SECONDS):
                raise EndpointAnswer("busy")
        finally:
            with self._counting:
                self._waiting -= 1

    def _take(self) -> _Decoder:
        """The child that was used last, else a new one."""
        while self._idle:
            decoder = self._idle.pop()
            if decoder.is_alive():
                return decoder
            decoder.close()
        try:
            return _Decoder()
        except OSError as error:
            _log.exception("No process to decode images can be started")
            raise EndpointAnswer("busy") from error

    def _put_back(self, decoder: _Decoder) -> None:
        if decoder.is_alive():
            self._idle.append(decoder)
        else:
            decoder.close()


class _Decoder:
    """One child process. Nothing here waits beyond a deadline."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            COMMAND, cwd=ROOT, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        for pipe_end in (self._requests, self._answers):
            os.set_blocking(pipe_end.fileno(), False)
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                with contextlib.suppress(OSError):  # the user's pipes may have reached the system's limit
                    fcntl.fcntl(pipe_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        try:
            self._read(len(READY), time.monotonic() + START_SECONDS)
        except OSError:
            self.close()
            raise

    def prepare(self, data: bytes, spec: ImageSpec, max_bytes: int, max_pixels: int) -> Picture:
        """The child's answer. Raises ImageRefused; when the child died of the picture it is of no use afterwards."""
        spec = dataclasses.replace(spec, labels=())  # up to 100,000 texts that decoding does not need
        head = json.dumps({"spec": dataclasses.asdict(spec), "max_bytes": max_bytes, "max_pixels": max_pixels}).encode()
        until = time.monotonic() + DEADLINE_SECONDS
        try:
            self._write(FRAME.pack(len(head), len(data)) + head, until)
            self._write(data, until)
            document, body = self._read_answer(until)
        except (OSError, ValueError) as error:
            self._process.kill()
            code = self._process.wait()
            _log.warning("An image of %d bytes ended its decoder (%s)", len(data), code)
            raise ImageRefused("image_too_costly") from error
        if "code" in document:
            raise ImageRefused(str(document["code"]), **document["params"])
        return _picture(document, body, spec)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the process, whatever it does."""
        for pipe in (self._requests, self._answers):
            pipe.close()
        self._process.kill()
        self._process.wait()

    def _write(self, data: bytes, until: float) -> None:
        rest = memoryview(data)
        while rest:
            _wait(self._requests, select.POLLOUT, until)
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._requests.fileno(), rest) :]

    def _read_answer(self, until: float) -> tuple[dict[str, Any], bytes]:
        head, body = FRAME.unpack(self._read(FRAME.size, until))
        if head + body > MOST_ANSWER_BYTES:
            raise ConnectionError("not an answer")
        document = json.loads(self._read(head, until))
        if not isinstance(document, dict):
            raise ConnectionError("not an answer")
        return document, self._read(body, until)

    def _read(self, size: int, until: float) -> bytes:
        """Exactly so many bytes. Raises OSError when the child is gone or does not write them in time."""
        parts = []
        while size:
            _wait(self._answers, select.POLLIN, until)
            part = os.read(self._answers.fileno(), min(size, PIPE_BYTES))
            if not part:
                raise ConnectionError("the process has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _wait(pipe: IO[bytes], event: int, until: float) -> None:
    """Wait until the pipe is ready or closed on its other side. Raises TimeoutError."""
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
        raise TimeoutError("the process does not answer")


def _picture(document: dict[str, Any], body: bytes, spec: ImageSpec) -> Picture:
    lengths = document["lengths"]
    if sum(lengths) != len(body) or lengths[0] != spec.width * spec.height * spec.channels:
        raise ImageRefused("image_too_costly")
    ends = [lengths[0], lengths[0] + lengths[1]]
    return Picture(
        pixels=Pixels(spec.width, spec.height, spec.channels, body[: ends[0]]),
        preview_png=body[ends[0] : ends[1]],
        input_png=body[ends[1] :],
        was_inverted=bool(document["was_inverted"]),
        is_blank=bool(document["is_blank"]),
        stretched=tuple(document["stretched"]) if document["stretched"] else None,
    )


POOL = DecoderPool()
"""The pool of this process; it costs nothing before the first picture."""

atexit.register(POOL.close)
