"""PORTAL_HOME as the supervisor uses it: one server per folder, logs, records of what runs, sockets, emptying."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launch.console import Problem, say
from launch.supervisor import processes
from launch.supervisor.processes import Process

LOG_BYTES = 20 * 1024 * 1024
# What --reset deletes; anything else in the folder is not ours.
CONTENTS = ("portal.sqlite3*", "keys", "files", "amlocal", "valkey", "log", "run", "static", "demo.json")


@contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """One server per folder. The lock dies with this process, however it ends. Raises Problem when it is taken."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "server.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Problem(
                f"{home} is already served by process {file.read().strip()}: "
                "stop that one, or use another folder with PORTAL_HOME=…"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def sockets(home: Path) -> Iterator[Path]:
    """A short private folder for unix sockets, whose paths may have about 100 bytes; gone afterwards."""
    place = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108  (mkdtemp makes it private; TMPDIR may be long)
    folder = Path(tempfile.mkdtemp(prefix="portolan-", dir=place))
    record(home, "sockets", {"folder": str(folder)})
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        forget(home, "sockets")


def record(home: Path, name: str, facts: dict[str, object]) -> None:
    """Write down, for a start after a crash, what has been started."""
    folder = home / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    unfinished = folder / f".{name}.part"
    unfinished.write_text(json.dumps(facts))
    unfinished.replace(folder / f"{name}.json")


def forget(home: Path, name: str) -> None:
    (home / "run" / f"{name}.json").unlink(missing_ok=True)


def end_leftovers(home: Path) -> None:
    """End what a supervisor that was killed has left running, and remove its sockets."""
    left: list[Process] = []
    for path in (home / "run").glob("*.json"):
        try:
            facts = json.loads(path.read_text())
        except ValueError:
            facts = {}
        if "pid" in facts:
            left += processes.left_of(Process(facts["pid"], facts["born"]))
        elif Path(facts.get("folder", "")).name.startswith("portolan-"):
            shutil.rmtree(facts["folder"], ignore_errors=True)
        path.unlink()
    if left:
        say(f"Ending {len(left)} processes that an earlier start left behind.")
        processes.end(left, grace_seconds=10)


def empty(home: Path) -> None:
    """Delete all state of the portal in the folder; what is not the portal's stays."""
    for path in (found for pattern in CONTENTS for found in home.glob(pattern)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def log_path(home: Path, name: str) -> Path:
    folder = home / "log"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.log"


def rotate_log(log: Path) -> None:
    """Move a log that has grown too long to NAME.log.1. Works while it is written, because writers append."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)
