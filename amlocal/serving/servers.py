"""One instance of a deployment: gunicorn with the real inference server on a loopback port. How many there are and why
is fleets.py's business."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from amlocal import processes

APP = "azureml_inference_server_http.server.entry:app"
PROBE_SECONDS = 2.0
# gunicorn ignores names it does not know, so this also serves versions without a control socket.
_CONFIG = """
bind = "127.0.0.1:{port}"
workers = int({workers!r})
timeout = int({timeout!r})
accesslog = "-"
errorlog = "/dev/null"
control_socket_disable = True
"""


class Instance:
    """`folder` keeps process.json, pid and port, so that a later amlocal finds the process again."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log
        self.port = 0
        self.in_use = 0
        self.used_at = 0.0
        self.is_ready = False
        self.restarts = 0
        self.restart_at = 0.0
        self.probed_at = 0.0
        self.silent_since = 0.0
        self.child: processes.Child | None = None

    def start(self, python: Path, *, directory: Path, environment: Mapping[str, str]) -> None:
        """Raises OSError when the interpreter is not there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.is_ready = False
        self.silent_since = 0.0
        self.probed_at = time.monotonic()
        self.port = _free_port()
        config = self.folder / "gunicorn.conf.py"
        workers, timeout = environment.get("WORKER_COUNT", "1"), environment.get("WORKER_TIMEOUT", "300")
        config.write_text(_CONFIG.format(port=self.port, workers=workers, timeout=timeout))
        (self.folder / "port").write_text(str(self.port))
        command = [str(python), "-m", "gunicorn", "-c", str(config), APP]
        self.child = processes.spawn(
            command, folder=self.folder, directory=directory, environment=environment, log=self.log
        )

    def adopt(self) -> bool:
        """Takes over the process that an earlier amlocal started here, if it lives and answers."""
        found = processes.find(self.folder)
        if found is None or not found.is_alive():
            return False
        self.child = found
        try:
            self.port = int((self.folder / "port").read_text())
        except (OSError, ValueError):
            self.end()
            return False
        deadline = time.monotonic() + PROBE_SECONDS
        while time.monotonic() < deadline and not self.probe():
            time.sleep(0.1)
        if not self.is_ready:
            self.end()
        return self.is_ready

    def probe(self, timeout: float = PROBE_SECONDS) -> bool:
        """Asks `/`, as Azure's probes do, and keeps since when there has been no answer."""
        self.probed_at = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/")
            self.is_ready = connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            self.is_ready = False
        finally:
            connection.close()
        self.silent_since = 0.0 if self.is_ready else self.silent_since or self.probed_at
        return self.is_ready

    def silent_seconds(self) -> float:
        return time.monotonic() - self.silent_since if self.silent_since else 0.0

    def is_alive(self) -> bool:
        return self.child is not None and self.child.is_alive()

    def end(self) -> None:
        self.is_ready = False
        if self.child is not None:
            processes.end(self.child)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
