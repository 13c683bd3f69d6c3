"""Other Pythons of this machine, by their minor version: on PATH, among those that uv knows, or brought by uv."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from amlocal.building import satisfaction, venvs

FIND_SECONDS = 30
BRING_SECONDS = 300
POLL_SECONDS = 0.2
# After uv could not bring one, such as without a network, nobody waits for that again for so long.
FORGET_SECONDS = 600

_failed_at: dict[str, float] = {}
_lock = threading.Lock()


def find(minor: str, say: Callable[[str], None], pulse: Callable[[], None]) -> tuple[Path, str] | None:
    """The interpreter and its whole version; None when there is none. `pulse` is called while uv downloads one."""
    uv = shutil.which("uv")
    places = [shutil.which(f"python{minor}")]
    found = next((one for place in places if place and (one := _ask(Path(place), minor))), None)
    if found is not None or uv is None:
        return found
    known = _find_by_uv(uv, minor)
    if known is None and _bring(uv, minor, say, pulse):
        known = _find_by_uv(uv, minor)
    return known


def _ask(path: Path, minor: str) -> tuple[Path, str] | None:
    """A name on PATH is no proof: version managers put stand-ins there that only tell how to get one."""
    try:
        answer = satisfaction.ask(path, ())
    except OSError:
        return None
    return (path, answer.version) if answer.minor == minor else None


def _find_by_uv(uv: str, minor: str) -> tuple[Path, str] | None:
    try:
        told = subprocess.run(
            [uv, "python", "find", "--no-project", minor],
            capture_output=True,
            text=True,
            timeout=FIND_SECONDS,
            check=False,
            env=venvs.environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _ask(Path(told.stdout.strip()), minor) if told.returncode == 0 and told.stdout.strip() else None


def _bring(uv: str, minor: str, say: Callable[[str], None], pulse: Callable[[], None]) -> bool:
    with _lock:
        if time.monotonic() - _failed_at.get(minor, -FORGET_SECONDS) < FORGET_SECONDS:
            return False
    say(f"$ uv python install {minor}")
    child = subprocess.Popen(
        [uv, "python", "install", minor], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=venvs.environment()
    )
    ends_at = time.monotonic() + BRING_SECONDS
    try:
        while child.poll() is None and time.monotonic() < ends_at:
            pulse()
            time.sleep(POLL_SECONDS)
    finally:
        child.kill()
        output = child.communicate()[0].decode(errors="replace").strip()
    say(output)
    if child.returncode != 0:
        with _lock:
            _failed_at[minor] = time.monotonic()
    return child.returncode == 0
