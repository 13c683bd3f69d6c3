"""A whole site on a folder of its own: ``script/server`` started, watched and stopped as a person does."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from launch.demo.api_client import ApiClient
from launch.demo.http_browser import Browser
from launch.supervisor import processes
from launch.supervisor.processes import Process
from tests.amlocal_server import AmlocalServer

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
STOP_SECONDS = 40
PASSWORD = "a long journey, walked"


class RunningServer:
    """``lines`` is what it printed; ``home``, ports and people stay over stop and start."""

    def __init__(self, home: Path, **extra: str) -> None:
        self.home = home
        self.port, self.amlocal_port = free_port(), free_port()
        self.extra = extra
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        ports = {"PORTAL_PORT": str(self.port), "PORTAL_AMLOCAL_PORT": str(self.amlocal_port)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DJANGO_"))}
        return inherited | ports | {"PORTAL_HOME": str(self.home)} | self.extra

    def start(self, *options: str) -> "RunningServer":
        """Until the line that says it is ready; AssertionError with what it printed when it ends before."""
        self.lines = []
        self.process = subprocess.Popen(
            [ROOT / "script" / "server", *options],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        arrived: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process, arrived), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while True:
            line = arrived.get(timeout=max(0.1, deadline - time.monotonic()))
            assert line, "\n".join(self.lines)
            if line.startswith("Ctrl-C"):
                return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """The exit code after a Ctrl-C."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def setup_path(self) -> str:
        found = re.search(r"\(works once\): http://[^/]+(/setup/\S+)", "\n".join(self.lines))
        return found[1] if found else ""

    def processes(self) -> list[int]:
        """Everything that runs with this folder in its environment, or below what does."""
        return [pid for pid in _all_pids() if f"{self.home}".encode() in _environ(pid) and pid != os.getpid()]

    @property
    def amlocal(self) -> AmlocalServer:
        """The site's amlocal, to steer it with AMLOCAL_CONTROL=1; the site starts and ends it, not this object."""
        server = AmlocalServer(self.home / "amlocal")
        server.port = self.amlocal_port
        server.env = server._read_env()
        return server

    def service(self, name: str) -> list[Process]:
        """The process of one service that the supervisor started, and those it made itself."""
        pid = json.loads((self.home / "run" / f"{name}.json").read_text())["pid"]
        return [processes.find(pid), *processes.descendants(pid)]

    def kill_service(self, name: str) -> None:
        """kill -9 for all processes of the service at once; the supervisor starts it again."""
        for process in self.service(name):
            if process.is_alive():
                os.kill(process.pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        return (self.home / "log" / f"{name}.log").read_text(errors="replace")

    def _listen(self, process: "subprocess.Popen[str]", arrived: "queue.Queue[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip())
                arrived.put(line.rstrip() or " ")
        arrived.put("")


def make_owner(server: RunningServer, name: str = "olivia") -> ApiClient:
    """The API for the first owner, who is made on the set-up page."""
    browser = Browser(server.url)
    values = {"username": name, "password": PASSWORD, "password_again": PASSWORD, "team": "Vision"}
    browser.submit(server.setup_path, lambda form: "team" in form.fields, values)
    return browser.make_token("tests")


def sign_in(server: RunningServer, name: str = "olivia") -> ApiClient:
    """The API for a person who is there already."""
    browser = Browser(server.url)
    browser.submit("/sign-in/", lambda form: "password" in form.fields, {"username": name, "password": PASSWORD})
    return browser.make_token("tests")


def wait_for(is_so, seconds: float, what: str = "it did not happen"):
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
