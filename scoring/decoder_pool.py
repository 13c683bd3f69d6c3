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
import subprocess
import sys
import threading
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

PROCESSES = max(1, min(os.cpu_count() or 1, 4))
"""How many pictures are decoded at once."""

WAIT_SECONDS, MAX_WAITING = 2.0, 4
"""How long a thread waits for a free process, and how many do at once; the next is told at once that we are busy."""

START_SECONDS, DEADLINE_SECONDS = 30.0, 10.0
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
    """One child process. Its pipes block; a timer that kills it ends every wait."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            COMMAND, cwd=ROOT, env={}, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # the user's pipes may have reached the system's limit
                fcntl.fcntl(self._requests, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with self._killed_after(START_SECONDS):
            if self._answers.read(1) != READY:
                self.close()
                raise OSError(f"the process ended with {self._process.returncode} while it started")

    def prepare(self, data: bytes, spec: ImageSpec, max_bytes: int, max_pixels: int) -> Picture:
        """The child's answer. Raises ImageRefused; when the child died of the picture it is of no use afterwards."""
        spec = dataclasses.replace(spec, labels=())  # up to 100,000 texts that decoding does not need
        head = json.dumps({"spec": dataclasses.asdict(spec), "max_bytes": max_bytes, "max_pixels": max_pixels}).encode()
        try:
            with self._killed_after(DEADLINE_SECONDS):
                self._write(FRAME.pack(len(head), len(data)) + head)
                self._write(data)
                document, body = self._read_answer()
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

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._requests.write(rest) :]

    def _read_answer(self) -> tuple[dict[str, Any], bytes]:
        head, body = FRAME.unpack(self._read(FRAME.size))
        document = json.loads(self._read(min(head, MOST_ANSWER_BYTES)))
        if not isinstance(document, dict) or body > MOST_ANSWER_BYTES:
            raise ValueError("not an answer")
        return document, self._read(body)

    def _read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises EOFError when the child is gone."""
        parts = []
        while size:
            part = self._answers.read(size)
            if not part:
                raise ConnectionError("the process has ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


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
