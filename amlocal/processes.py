"""Child processes of jobs and scoring servers: started in their own group, found again and ended after amlocal itself
died.

One folder per process holds `process.json` (the mark), `pid` and, after a normal end, `exit_code`. What runs and when
is decided in runner.py and fleets.py.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

# The shell stays as leader of the group: it writes its own pid before anything runs and the exit code after it, so a
# killed amlocal loses neither.
# The mark in $0 tells this process from a later one that was given the same pid.
_SCRIPT = """
folder=$1; shift
echo $$ > "$folder/pid"
"$@"
echo $? > "$folder/exit_code.part"
mv "$folder/exit_code.part" "$folder/exit_code"
"""

# In the environment of all that a child starts: it finds those too that left the group and the session. A process that
# leaves the session *and* clears its environment cannot be found.
MARK_VARIABLE = "_AMLOCAL_PROCESS"

_PROC = Path("/proc")
_KEPT_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


@dataclass
class Child:
    """A process group led by pid; `popen` only when this amlocal is its parent."""

    pid: int
    folder: Path
    mark: str
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def is_alive(self) -> bool:
        if self.popen is not None:
            return self.popen.poll() is None
        return self.mark in _command_line(self.pid)

    def exit_code(self) -> int | None:
        """What the command returned; None while it runs, and when it was killed before it could say."""
        try:
            return int((self.folder / "exit_code").read_text())
        except (FileNotFoundError, ValueError):
            return None


def clean_environment(home: Path, *, python: Path | None = None, temporary: Path | None = None) -> dict[str, str]:
    """The little that a child inherits; never a variable of amlocal's or of whoever started it. `python`'s folder
    comes first on PATH."""
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    search = [os.environ.get("PATH", os.defpath)]
    if python is not None:
        search.insert(0, str(_python_folder(python, home)))
    environment["PATH"] = os.pathsep.join(search)
    environment["HOME"] = str(home)
    environment["TMPDIR"] = str(temporary or home)
    environment.setdefault("LANG", "C.UTF-8")
    environment["PYTHONUNBUFFERED"] = "1"
    # No ::1 here: some clients cannot read it (the native part of mltable), and localhost says the same.
    environment["NO_PROXY"] = environment["no_proxy"] = "localhost,127.0.0.1"
    return environment


def spawn(command: Sequence[str], *, folder: Path, directory: Path, environment: Mapping[str, str], log: Path) -> Child:
    """Starts a command in a group of its own, its output appended to `log`. Raises OSError when there is no shell."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("pid", "exit_code"):
        (folder / stale).unlink(missing_ok=True)
    mark = f"amlocal-{secrets.token_hex(8)}"
    (folder / "process.json").write_text(json.dumps({"mark": mark, "started_at": time.time()}))
    with log.open("ab") as output:
        popen = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, mark, str(folder), *command],
            cwd=directory,
            env={**environment, MARK_VARIABLE: mark},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(popen.pid, folder, mark, popen)


def find(folder: Path) -> Child | None:
    """The process that an earlier amlocal started in this folder, dead or alive; None when there was none."""
    try:
        mark = json.loads((folder / "process.json").read_text())["mark"]
        pid = int((folder / "pid").read_text())
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return Child(pid, folder, mark)


def end(child: Child, *, grace_seconds: float = 3.0) -> None:
    """Ends the process and all that it started and left behind: asks, waits, then kills. Does nothing to a stranger
    that has its pid by now."""
    end_all([child], grace_seconds=grace_seconds)


def end_all(children: Sequence[Child], *, grace_seconds: float = 3.0) -> None:
    """Ends many in the time that one takes."""
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + seconds
        # What is being ended may still start others: all are told the first time they are seen.
        told: set[int] = set()
        while members := _find_members(children):
            for pid in members - told:
                _signal(pid, number)
            told |= members
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return


def _find_members(children: Sequence[Child]) -> set[int]:
    """The pids of all live processes that these children are or started."""
    leaders = {child.pid for child in children if child.is_alive()}
    if not _PROC.exists():
        return leaders | {pid for leader in leaders for pid in _list_group(leader)}
    marks = {f"{MARK_VARIABLE}={child.mark}".encode() for child in children}
    sessions, marked = _read_processes(marks)
    # Our own child's session goes on after its death; were its pid a stranger's by now, that one would have no mark.
    leaders |= {child.pid for child in children if child.popen is not None and child.pid not in sessions}
    leaders |= {pid for pid in marked if sessions[pid] == pid}
    return marked | {pid for pid, session in sessions.items() if session in leaders}


def _read_processes(marks: Set[bytes]) -> tuple[dict[int, int], set[int]]:
    """The session of every live process, and those that have one of these marks."""
    sessions, marked = {}, set()
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # pid (name) state parent group session …: the name may hold anything, brackets too.
            state, _, _, session = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            if state == "Z":
                continue
            sessions[int(folder.name)] = int(session)
            if not marks.isdisjoint((folder / "environ").read_bytes().split(b"\0")):
                marked.add(int(folder.name))
    return sessions, marked


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _list_group(leader: int) -> list[int]:
    listed = subprocess.run(["/bin/ps", "-axo", "pid=,pgid="], capture_output=True, text=True, check=False)
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, group in pairs if int(group) == leader]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return ""
    listed = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout


def _python_folder(python: Path, home: Path) -> Path:
    """A folder where `python` is this interpreter: its own, or one with small scripts when it is called python3.12
    only."""
    if (python.parent / "python").exists():
        return python.parent
    folder = home / ".bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
        script.chmod(0o755)
    return folder
