"""One service of the site as a running process: started in its own session, restarted with back-off, ended for sure."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem, say
from launch.supervisor import portal_home, processes
from portal.env import ROOT

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Service:
    """What runs and with which environment; ``is_ready`` is asked with the log and where in it this start began."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_ready: Callable[[Path, int], bool]
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0


class ServiceProcess:
    """A Service that has been started at least once."""

    def __init__(self, service: Service, home: Path) -> None:
        self.service = service
        self.home = home
        self.log = portal_home.log_path(home, service.name)
        self.is_ready = False
        self.pause_seconds = FIRST_PAUSE_SECONDS
        self.restart_at: float | None = None
        self.start()

    def start(self) -> None:
        portal_home.rotate_log(self.log)
        with self.log.open("ab") as output:
            self.begin = output.tell()
            self.process = subprocess.Popen(
                self.service.command,
                cwd=ROOT,
                env=dict(self.service.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent if _libc else None,  # safe here: one thread
            )
        self.started = time.monotonic()
        self.restart_at = None
        self.is_ready = False
        facts = processes.find(self.process.pid)
        portal_home.record(self.home, self.service.name, {"pid": facts.pid, "born": facts.born})

    def check_ready(self) -> None:
        """Print the ready time once it answers. Raises Problem when it has ended or does not become ready in time."""
        if self.is_ready:
            return
        if (code := self.process.poll()) is not None:
            raise Problem(
                f"{self.service.name} ended while starting (code {code}): {self.last_line()} Its log: {self.log}"
            )
        is_ready = self.service.is_ready(self.log, self.begin)
        seconds = time.monotonic() - self.started
        if is_ready:
            self.is_ready = True
            say(f"  {self.service.name:<18} ready in {seconds:4.1f} s")
        elif seconds > self.service.ready_seconds:
            raise Problem(
                f"{self.service.name} is not ready after {seconds:.0f} s: {self.last_line()} Its log: {self.log}"
            )

    def keep_alive(self) -> None:
        """Start it again, after a pause that doubles, when it has ended by itself."""
        now = time.monotonic()
        if self.restart_at is not None:
            if now >= self.restart_at:
                self.start()
            return
        if (code := self.process.poll()) is None:
            if now - self.started > STEADY_SECONDS:
                self.pause_seconds = FIRST_PAUSE_SECONDS
            return
        processes.kill_group(self.process.pid)
        pause = f"{self.pause_seconds:.0f} s"
        say(f"{self.service.name} ended (code {code}); it starts again in {pause}. Its log: {self.log}")
        self.restart_at = now + self.pause_seconds
        self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)

    def last_line(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self.begin)
            lines = file.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it wrote nothing."


def stop(running: Sequence[ServiceProcess], hurry: Callable[[], bool]) -> None:
    """Ask all of them to end, at once; kill, with all they have started, what does not in time or when ``hurry``."""
    started_by = {child: processes.descendants(child.process.pid) for child in running}
    for child in running:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    waiting = list(running)
    while waiting:
        waiting = [child for child in waiting if child.process.poll() is None]
        late = [child for child in waiting if hurry() or time.monotonic() - began > child.service.stop_seconds]
        for child in late:
            say(f"{child.service.name} does not end by itself and is killed.")
            started_by[child] = [*started_by[child], *processes.descendants(child.process.pid)]
            child.process.kill()
            child.process.wait()
        time.sleep(0.02)
    for child in running:
        processes.kill_group(child.process.pid)
        processes.end(started_by[child], grace_seconds=0.5)
        portal_home.forget(child.home, child.service.name)


def die_with_parent() -> None:
    """Linux sends this child SIGTERM when the supervisor dies, however it dies. Runs between fork and exec."""
    if _libc is not None and _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        os._exit(127)
