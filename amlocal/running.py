"""One server for one home: starting, the ready line, the file that says where it is, stopping."""

from __future__ import annotations

import faulthandler
import json
import logging
import logging.handlers
import os
import signal
import sqlite3
import sys
import threading
from typing import IO

from amlocal import application, holders
from amlocal.application import Application
from amlocal.arm import workspaces
from amlocal.server import Server
from amlocal.settings import Settings, SettingsError
from amlocal.web import tls
from amlocal.web.http import ArmError

log = logging.getLogger("amlocal")
CALM_SECONDS = 5


def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT, then end this process; prints one line of JSON when ready. Raises SettingsError
    when it cannot start."""
    lock = holders.lock(settings)
    try:
        _start_log(settings)
        trust = tls.server_context(settings)
    except OSError as exc:
        raise SettingsError(f"{settings.home} cannot be used ({exc}).") from exc
    try:
        server = Server((settings.bind, settings.port), trust)
    except OSError as exc:
        raise SettingsError(
            f"Port {settings.port} on {settings.bind} cannot be used ({exc.strerror}). Set AMLOCAL_PORT."
        ) from exc
    settings = settings.at_port(server.server_address[1])
    try:
        built = application.build(settings)
        workspaces.make_first(built.context)
    except ArmError as exc:
        raise SettingsError(exc.message) from exc
    except sqlite3.Error as exc:
        raise SettingsError(f"The database in {settings.home} cannot be used ({exc}).") from exc
    server.context = built.context
    built.start()
    # What a hanging server is doing: kill -USR1 writes every thread's stack to stderr.
    faulthandler.register(signal.SIGUSR1)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="accept", daemon=True).start()
    _announce(settings)
    stopping.wait()
    _stop(server, built, lock)
    logging.shutdown()
    sys.stdout.flush()
    # Python would wait for threads that wait for others, such as the server of a job's input: all is written down.
    os._exit(0)


def _stop(server: Server, built: Application, lock: IO[str]) -> None:
    server.shutdown()
    server.server_close()
    server.wait_until_calm(CALM_SECONDS)
    built.stop()
    (built.context.settings.home / "server.json").unlink(missing_ok=True)
    lock.close()


def _announce(settings: Settings) -> None:
    facts = {"url": settings.public_url, "pid": os.getpid(), "port": settings.port, "home": str(settings.home)}
    path = settings.home / "server.json"
    path.with_suffix(".new").write_text(json.dumps(facts))
    path.with_suffix(".new").replace(path)
    log.info("ready at %s", settings.public_url)
    sys.stdout.write(f"{json.dumps(facts)}\n")
    sys.stdout.flush()


def _start_log(settings: Settings) -> None:
    target = logging.handlers.RotatingFileHandler(settings.home / "amlocal.log", maxBytes=10_000_000, backupCount=2)
    target.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger("amlocal")
    root.setLevel(logging.INFO)
    root.addHandler(target)
    errors = logging.StreamHandler(sys.stderr)
    errors.setLevel(logging.ERROR)
    root.addHandler(errors)
