"""A real Valkey of a test's own on a unix socket, and Celery's application pointed at it."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import kombu.pools
import redis

from launch.supervisor import services
from portal.celery import app


class Broker:
    """``stop`` and ``start`` at will; what was queued stays on disk."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="portolan-broker-", dir="/tmp"))
        self.socket = self.folder / "valkey.sock"
        self.url = f"redis+socket://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--appendonly", "yes"]
        self.process = subprocess.Popen(
            [services.valkey_program(), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            with contextlib.suppress(redis.exceptions.ConnectionError), self._client() as client:
                client.ping()
                return self
            time.sleep(0.05)
        raise RuntimeError("Valkey did not start")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def messages(self, queue: str) -> list[tuple[str, list, dict]]:
        """(task, arguments, headers) of what waits in the queue, oldest first."""
        with self._client() as client:
            bodies = [json.loads(body) for body in reversed(client.lrange(queue, 0, -1))]
        return [(body["headers"]["task"], _arguments(body), body["headers"]) for body in bodies]

    def clear(self) -> None:
        with self._client() as client:
            client.flushall()

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))


def _arguments(message: dict) -> list:
    """The positional ones: Celery's body is [positional, named, what follows]."""
    return json.loads(base64.b64decode(message["body"]))[0]


@contextlib.contextmanager
def pointed_at(url: str) -> Iterator[None]:
    """Celery's application sends there inside the block."""
    before = app.conf.broker_url
    _point(url)
    try:
        yield
    finally:
        _point(before)


def _point(url: str) -> None:
    app.conf.broker_url = app.conf.broker_write_url = app.conf.broker_read_url = url
    kombu.pools.reset()
    app._pool = None
    app.amqp._producer_pool = None
