"""Runs one command of the set-up: output into a log file, elapsed time on the terminal, a failure as one sentence."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from launch.console import Problem, say

ADVICE = (
    (r"No space left on device|ENOSPC", "The disk is full: free some space and run it again."),
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES|EINTEGRITY",
        "A download is not what was locked: check the proxy or mirror in between.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|UNABLE_TO_GET_ISSUER|SELF_SIGNED_CERT",
        "A certificate is not trusted: tell the system (or pip and npm) about your proxy's CA.",
    ),
    (
        r"Failed to establish|Connection|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|timed out|name resol|dns error",
        "The package index was not reached: check the network, HTTPS_PROXY, or pip's and npm's own settings.",
    ),
    (
        r"No matching distribution|no wheels? with a matching",
        "There is no package for this machine or Python: try PYTHON=python3.12 script/setup.",
    ),
)


def run(
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run the command and say how long it took. Raises Problem with the likely cause and the log's place."""
    started = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        begin = output.tell()
        try:
            child = subprocess.Popen(
                [str(word) for word in command],
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise Problem(f"{what}: {command[0]} does not start: {error.strerror}.") from error
        code = _wait(child, what, started)
    if code:
        raise Problem(f"{what} failed. {advice(_tail(log, begin))} The whole output is in {log}.")
    say(f"  {what}: done in {time.monotonic() - started:.0f} s")


def advice(output: str) -> str:
    """The sentence for the first known cause in the output, else its last line that speaks of an error."""
    for pattern, sentence in ADVICE:
        if re.search(pattern, output):
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error", line, re.IGNORECASE)]
    return (errors or lines or ["It said nothing."])[-1][:300]


def _wait(child: subprocess.Popen[bytes], what: str, started: float) -> int:
    """The exit code; the elapsed seconds are drawn on a terminal meanwhile. A Ctrl-C ends the command too."""
    try:
        while True:
            try:
                return child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                _draw(f"  {what}: {time.monotonic() - started:.0f} s")
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
        _draw("")


def _draw(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{text}")
        sys.stdout.flush()


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read()[-20_000:].decode(errors="replace")
