"""One server for one home: starting, the ready line, the file that says where it is, the lock, stopping."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import json
import logging
import logging.handlers
import os
import signal
import sys
import threading
from typing import IO, Any

from amlocal import context as contexts
from amlocal.arm import workspaces
from amlocal.context import Context
from amlocal.server import Server
from amlocal.settings import Settings, SettingsError
from amlocal.web import tls
from amlocal.web.http import ArmError

log = logging.getLogger("amlocal")
CALM_SECONDS = 5


def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT; prints one line of JSON when ready. Raises SettingsError when it cannot start."""
    lock = _lock(settings)
    _start_log(settings)
    try:
        server = Server((settings.bind, settings.port), tls.server_context(settings))
    except OSError as exc:
        raise SettingsError(
            f"Port {settings.port} on {settings.bind} cannot be used ({exc.strerror}). Set AMLOCAL_PORT."
        ) from exc
    settings = settings.at_port(server.server_address[1])
    try:
        context = contexts.build(settings)
    except ArmError as exc:
        raise SettingsError(exc.message) from exc
    workspaces.make_first(context)
    server.context = context
    context.start()
    # What a hanging server is doing: kill -USR1 writes every thread's stack to stderr.
    faulthandler.register(signal.SIGUSR1)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="accept", daemon=True).start()
    _announce(settings)
    stopping.wait()
    _stop(server, context, lock)


def _stop(server: Server, context: Context, lock: IO[str]) -> None:
    server.shutdown()
    server.server_close()
    server.wait_until_calm(CALM_SECONDS)
    context.stop()
    (context.settings.home / "server.json").unlink(missing_ok=True)
    lock.close()


def _announce(settings: Settings) -> None:
    facts = {"url": settings.public_url, "pid": os.getpid(), "port": settings.port, "home": str(settings.home)}
    path = settings.home / "server.json"
    path.with_suffix(".new").write_text(json.dumps(facts))
    path.with_suffix(".new").replace(path)
    log.info("ready at %s", settings.public_url)
    sys.stdout.write(f"{json.dumps(facts)}\n")
    sys.stdout.flush()


def find(settings: Settings) -> dict[str, Any] | None:
    """What the running server of this home said about itself; None when there is none."""
    try:
        _lock(settings).close()
        return None
    except SettingsError:
        pass
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads((settings.home / "server.json").read_text()))
    return None


def _lock(settings: Settings) -> IO[str]:
    """The kernel gives the lock back when its holder dies, however it dies."""
    file = (settings.home / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SettingsError(f"Another amlocal is already running in {settings.home}.") from None
    return file


def _start_log(settings: Settings) -> None:
    target = logging.handlers.RotatingFileHandler(settings.home / "amlocal.log", maxBytes=10_000_000, backupCount=2)
    target.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger("amlocal")
    root.setLevel(logging.INFO)
    root.addHandler(target)
    errors = logging.StreamHandler(sys.stderr)
    errors.setLevel(logging.ERROR)
    root.addHandler(errors)
