"""A real PostgreSQL for tests: its own cluster on loopback, run without root's rights, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.amlocal_server import free_port

PROGRAMS = ("initdb", "pg_ctl")
ENABLE = "apt-get install postgresql (or name the folder of initdb and pg_ctl with PORTAL_POSTGRES=…)"


@dataclass(frozen=True)
class PostgresServer:
    host: str
    port: int
    user: str
    password: str

    def url(self, database: str = "postgres") -> str:
        """What DATABASE_URL takes."""
        return f"postgres://{self.user}:{self.password}@{self.host}:{self.port}/{database}"


def folder() -> Path | None:
    """Where PostgreSQL's server programs are; None when they are not on this machine."""
    places = [os.environ.get("PORTAL_POSTGRES"), os.path.dirname(shutil.which("initdb") or "")]
    places += sorted((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    places += ["/opt/homebrew/opt/postgresql/bin", "/opt/homebrew/bin", "/usr/local/bin"]
    found = [Path(place) for place in places if place and all((Path(place) / name).exists() for name in PROGRAMS)]
    return found[0] if found else None


@contextmanager
def running(user: str = "portolan", password: str = "portolan") -> Iterator[PostgresServer]:
    """A new empty cluster. initdb and pg_ctl refuse root, so root becomes postgres or nobody for them."""
    programs = folder()
    assert programs is not None, ENABLE
    with tempfile.TemporaryDirectory(prefix="portolan-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        data, secret, log = home / "data", home / "password", home / "log"
        secret.write_text(password)
        become = _become(home)
        port = free_port()
        authentication = ("--auth=scram-sha-256", f"--pwfile={secret}", f"--username={user}")
        _run([*become, programs / "initdb", "--pgdata", data, "--no-sync", *authentication])
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home} -c fsync=off"
        control = [*become, programs / "pg_ctl", "--pgdata", data]
        _run([*control, "--wait", "--timeout=60", "--log", log, "--options", options, "start"])
        try:
            yield PostgresServer("127.0.0.1", port, user, password)
        finally:
            _run([*control, "--wait", "--mode=immediate", "stop"])


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    if folder() is None:
        missing = "fail" if "postgres" in os.environ.get("PORTAL_REQUIRE", "") else "skip"
        getattr(pytest, missing)(f"PostgreSQL is not here; to enable: {ENABLE}")
    with running() as server:
        yield server


def _become(home: Path) -> list[str | Path]:
    """The words before a command that make it run as somebody who is not root; the folder is given to them."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    person = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    for path in (home, *home.iterdir()):
        os.chown(path, person.pw_uid, person.pw_gid)
    return ["setpriv", f"--reuid={person.pw_uid}", f"--regid={person.pw_gid}", "--clear-groups"]


def _run(command: list[str | Path]) -> None:
    answer = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stdout + answer.stderr
