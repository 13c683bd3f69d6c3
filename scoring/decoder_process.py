"""The child process that decodes strangers' images: ``python -m scoring.decoder_process``, started by the pool.

It reads one request after the other from its standard input and answers each on its standard output. A request or
an answer is a FRAME (two lengths), a JSON document and bytes. It ends when its input does: never after its parent.
Before the first request it gives up the right to open files, sockets and processes; each request gets a limit of
memory and of processor time. Who exceeds the time is ended by the system, and the pool starts another.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from scoring import budgets, images
from scoring.specs import ImageSpec

FRAME = struct.Struct(">II")
"""The lengths of the JSON document and of the bytes after it."""

READY = b"r"
"""Written once, when all modules are loaded."""

SLACK_BYTES = 64_000_000
"""Address space beyond a picture's limit: what Python and the libraries need by themselves after the start."""

LESS_URGENT = 5
"""By how much pages of the portal come before decoding when processors are short."""

MOST_REQUESTS = 500
"""After so many it ends and the pool starts a fresh one: memory that libraries lose is given back."""


def main() -> None:
    """Answer requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group; the parent decides
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    address_space = _address_space()
    _give_up_rights()
    os.nice(LESS_URGENT)
    answers.write(READY)
    answers.flush()
    for _ in range(MOST_REQUESTS):
        lengths = given.read(FRAME.size)
        if len(lengths) < FRAME.size:
            return
        head, body = FRAME.unpack(lengths)
        request, data = json.loads(given.read(head)), given.read(body)
        _write(answers, *_answer(request, data, address_space))


def _answer(request: dict[str, Any], data: bytes, address_space: int) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    _limit(len(data), address_space)
    try:
        spec = ImageSpec(**request["spec"])
        picture = images.prepare(data, spec, max_bytes=request["max_bytes"], max_pixels=request["max_pixels"])
    except images.ImageRefused as error:
        return {"code": error.code, "params": error.params}, ()
    except MemoryError:
        return {"code": "image_too_costly", "params": {}}, ()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    facts = {"was_inverted": picture.was_inverted, "is_blank": picture.is_blank, "stretched": picture.stretched}
    parts = (picture.pixels.data, picture.preview_png, picture.input_png)
    return {**facts, "lengths": [len(part) for part in parts]}, parts


def _write(answers: BinaryIO, document: dict[str, Any], parts: tuple[bytes, ...]) -> None:
    head = json.dumps(document).encode()
    answers.write(FRAME.pack(len(head), sum(len(part) for part in parts)) + head)
    for part in parts:
        answers.write(part)
    answers.flush()


def _address_space() -> int:
    """What this process occupies now, in bytes; 0 where the system does not tell or does not keep such a limit."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _give_up_rights() -> None:
    """No further file, socket or pipe can be opened, nothing can be written to a file, and no core is dumped."""
    for limit, most in ((resource.RLIMIT_NOFILE, 3), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))


def _limit(size: int, address_space: int) -> None:
    """Memory and processor time for a file of `size` bytes. The timer ends the process; the limit is its safety net."""
    if address_space:
        most = address_space + SLACK_BYTES + budgets.memory_limit(size)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    seconds = budgets.seconds_limit(size)
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
