"""Whose a process id is, what descends from it, and ending them all: from /proc, or from ``ps`` where there is none."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process id with the time it began, so that a later owner of the same id is not taken for it."""

    pid: int
    born: str

    def is_alive(self) -> bool:
        return bool(self.born) and born(self.pid) == self.born


def find(pid: int) -> Process:
    return Process(pid, born(pid))


def born(pid: int) -> str:
    """A text that tells this process from all others that ever had its id; "" when it does not run (any more)."""
    if _has_proc():
        fields = _stat(pid)
        return "" if not fields or fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    answer = _ps("stat=,lstart=", "-p", str(pid)).split(None, 1)
    return "" if len(answer) < 2 or answer[0].startswith("Z") else answer[1].strip()


def descendants(pid: int) -> list[Process]:
    """All descendants at this moment, whatever group or session they moved to."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        new = children.get(waiting.pop(), [])
        found += new
        waiting += new
    return [find(child) for child in found]


def left_of(leader: Process) -> list[Process]:
    """What still runs of a process that led a group: itself with its descendants, or the rest of its group."""
    if leader.is_alive():
        return [leader, *descendants(leader.pid)]
    if born(leader.pid):
        return []  # a stranger has the id now, so the group is gone
    return [find(pid) for pid, group in _groups() if group == leader.pid]


def end(processes: Iterable[Process], grace_seconds: float) -> None:
    """Ask each to end, then kill what is still there."""
    living = [process for process in processes if process.is_alive()]
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 2.0)):
        for process in living:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + seconds
        while living and time.monotonic() < deadline:
            time.sleep(0.02)
            living = [process for process in living if process.is_alive()]


def kill_group(pid: int) -> None:
    """Kill what is left of the process group that ``pid`` led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _has_proc() -> bool:
    return (PROC / "self" / "stat").exists()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: state, parent, …; the 20th is the start in ticks since boot."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _boot() -> str:
    return (PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()


def _parents() -> list[tuple[int, int]]:
    """(process, its parent) for all that can be seen."""
    return _table(1, "ppid")


def _groups() -> list[tuple[int, int]]:
    """(process, its group) for all that can be seen."""
    return _table(2, "pgid")


def _table(field: int, column: str) -> list[tuple[int, int]]:
    if _has_proc():
        numbers = [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
        return [(number, int(fields[field])) for number in numbers if (fields := _stat(number))]
    lines = [line.split() for line in _ps(f"pid=,{column}=", "-A").splitlines()]
    return [(int(words[0]), int(words[1])) for words in lines if len(words) == 2]


def _ps(columns: str, *which: str) -> str:
    return subprocess.run(["ps", "-o", columns, *which], capture_output=True, text=True, check=False).stdout  # noqa: S607
