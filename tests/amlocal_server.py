"""Starts, kills and steers an amlocal of its own for tests. It is a separate process: nothing of amlocal is imported
here."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
SCORING_PYTHON = ROOT / ".venv-scoring" / "bin" / "python"
START_SECONDS = 30
STOP_SECONDS = 15


class AmlocalServer:
    """One amlocal on a free port with its state in `home`. Port and state stay over stop, kill and start."""

    def __init__(self, home: Path, extra: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = free_port()
        self.extra = dict(extra or {})
        self.process: subprocess.Popen[str] | None = None
        self.env: dict[str, str] = {}
        # Kept open: a new one reads all the system's certificates first.
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def url(self) -> str:
        return self.env["AMLOCAL_URL"]

    @property
    def ca_bundle(self) -> str:
        return self.env["REQUESTS_CA_BUNDLE"]

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def settings(self) -> dict[str, str]:
        """The environment of the server process itself."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AMLOCAL_", "MSI_"))}
        return {
            **inherited,
            "AMLOCAL_HOME": str(self.home),
            "AMLOCAL_PORT": str(self.port),
            "AMLOCAL_CONTROL": "1",
            # Most tests have no use for the MLflow of Azure's images, which each home would download.
            "AMLOCAL_MLFLOW": "given",
            "AMLOCAL_SCORING_PYTHON": str(SCORING_PYTHON),
            **self.extra,
        }

    def start(self) -> AmlocalServer:
        """Start it and wait for its ready line."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._stderr = (self.home / "stderr.txt").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "amlocal", "up"],
            cwd=ROOT,
            env=self.settings(),
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        facts = json.loads(self._first_line() or "null")
        if facts is None:
            self.kill()
            raise RuntimeError(f"amlocal did not start: {(self.home / 'stderr.txt').read_text()}")
        self.env = self._read_env()
        return self

    def _first_line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda out: lines.put(out.readline()), args=(self.process.stdout,), daemon=True).start()
        try:
            return lines.get(timeout=START_SECONDS)
        except queue.Empty:
            return ""

    def _read_env(self) -> dict[str, str]:
        command = [sys.executable, "-m", "amlocal", "env", "--format", "dotenv"]
        text = subprocess.run(
            command, cwd=ROOT, env=self.settings(), check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def stop(self) -> None:
        """The gentle way: SIGTERM, then wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9, at once."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        self._session.close()
        if self.process is None:
            return
        if self.is_running:
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Leaves the stack of every thread in stderr.txt.
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()
            self._stderr.close()
            self.process = None

    def restart(self) -> AmlocalServer:
        self.stop()
        return self.start()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_amlocal/{path}`; the JSON answer or None."""
        response = self._session.request(
            method,
            f"{self.url}/_amlocal/{path}",
            json=body,
            headers={"X-Amlocal-Secret": self.env["MSI_SECRET"]},
            verify=self.ca_bundle,
            timeout=30,
        )
        if response.status_code >= 400:
            raise RuntimeError(f"{method} /_amlocal/{path} → {response.status_code} {response.text}")
        return response.json() if response.content else None

    def pace(self, pace: str = "immediate", *, retry_after: int | None = None, **by_kind: str) -> None:
        """`immediate`, `polls:N` or `seconds:S` for all operations, or by kind (computes="polls:2")."""
        more = {} if retry_after is None else {"retry_after": retry_after}
        self.control("PUT", "pace", {"*": pace, **by_kind, **more})

    def fault(self, **order: Any) -> None:
        """Ask for a fault: method, path, count, status, code, message, delay, drop, half, lose, retry_after,
        provisioning."""
        self.control("POST", "faults", order)

    def faults(self) -> list[dict[str, Any]]:
        """Those that have not been used up."""
        return list(self.control("GET", "faults")["value"])

    def clear_faults(self) -> None:
        self.control("DELETE", "faults")

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """Recorded requests (method, path, query, status, tags, at), oldest first; `path` is a regular expression."""
        query = requests.compat.urlencode({"method": method, "path": path})
        return list(self.control("GET", f"requests?{query}")["value"])

    def forget_requests(self) -> None:
        self.control("DELETE", "requests")

    def reset(self) -> None:
        """Back to the first workspace, with no resource, blob, process, fault or pace left."""
        self.control("POST", "reset")

    @contextlib.contextmanager
    def client_environment(self) -> Iterator[None]:
        """os.environ as an SDK script needs it, put back afterwards (MLClient itself writes AZUREML_CURRENT_CLOUD)."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, value)
            # What `ops.azure` has told the SDK about the cloud of another server must not outlive that server.
            sdk = sys.modules.get("azure.ai.ml._azure_environments")
            if sdk is not None:
                patch.delitem(sdk._environments, self.env["AZUREML_CURRENT_CLOUD"], raising=False)
            yield


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_true: Any, seconds: float = 20, every: float = 0.05) -> Any:
    """The first true answer of `is_true()`; fails the test when there is none in time."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        answer = is_true()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"{is_true} was not true within {seconds} seconds")
