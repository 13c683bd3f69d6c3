"""The command line: up, env, status, down, reset, logs, coverage. Each command is a function that returns an exit
code."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence

from amlocal import environ, holders, log_locations, settings
from amlocal.settings import Settings, SettingsError

KEPT = ("secret", "tls", "lock")
START_SECONDS = 30
STOP_SECONDS = 20


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m amlocal", description="A local Azure Machine Learning.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start it").add_argument("--detach", action="store_true", help="in the background")
    commands.add_parser("env", help="print the variables that point the SDK here").add_argument(
        "--format", choices=environ.FORMATS, default="sh"
    )
    commands.add_parser("status", help="exit code 0 when it answers")
    commands.add_parser("down", help="stop it")
    commands.add_parser("reset", help="forget everything but the first workspace; it must not be running")
    logs_parser = commands.add_parser("logs", help="print a log: the server's own, a job's or a deployment's")
    logs_parser.add_argument("name", nargs="?", default="", help="a job, or ENDPOINT/DEPLOYMENT")
    commands.add_parser("coverage", help="print the table of everything that is answered")
    chosen = parser.parse_args(arguments)
    if chosen.command == "coverage":
        return show_coverage()
    # Whatever the home is open to, what is written there is its owner's alone: keys, tokens, data.
    os.umask(0o077)
    try:
        return COMMANDS[chosen.command](settings.read(), chosen)
    except SettingsError as exc:
        sys.stderr.write(f"amlocal: {exc}\n")
        return 2
    except BrokenPipeError:
        # As in `logs | head`: nobody reads the rest, which the interpreter would still try to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def up(given: Settings, chosen: argparse.Namespace) -> int:
    if not chosen.detach:
        # Only here: the other commands answer in a third of the time without the whole server.
        from amlocal import running

        running.serve(given)
        return 0
    if holders.holder(given) is not None:
        raise SettingsError(f"Another amlocal is already running in {given.home}.")
    with (given.home / "up.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "amlocal", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    give_up_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        facts = holders.find(given)
        if facts and facts["pid"] == process.pid:
            _say(json.dumps(facts))
            return 0
        time.sleep(0.05)
    process.kill()
    raise SettingsError(f"It did not start:\n{(given.home / 'up.log').read_text()}")


def env(given: Settings, chosen: argparse.Namespace) -> int:
    facts = holders.find(given)
    if facts:
        given = given.at_url(facts["url"])
    elif given.public_url.endswith(":0"):
        raise SettingsError(f"No amlocal is running in {given.home}: which port it will take is not known yet.")
    _say(environ.render(environ.variables(given), chosen.format))
    return 0


def status(given: Settings, chosen: argparse.Namespace) -> int:
    pid, facts = holders.holder(given), holders.find(given)
    if pid is None:
        _say(f"No amlocal is running in {given.home}.")
        return 1
    if facts is None:
        _say(f"amlocal runs as process {pid} and is not ready.")
        return 1
    try:
        trust = ssl.create_default_context(cafile=str(given.ca_bundle))
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with direct.open(f"https://{given.own_host}:{facts['port']}/healthz", timeout=5):
            _say(json.dumps(facts))
            return 0
    except OSError as exc:
        _say(f"amlocal runs as process {pid} but does not answer: {exc}")
        return 1


def down(given: Settings, chosen: argparse.Namespace) -> int:
    pid = holders.holder(given)
    if not pid:
        _say(f"No amlocal is running in {given.home}.")
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    give_up_at = time.monotonic() + STOP_SECONDS
    while holders.holder(given) == pid:
        if time.monotonic() > give_up_at:
            raise SettingsError(f"Process {pid} has not ended within {STOP_SECONDS} seconds.")
        time.sleep(0.05)
    return 0


def reset(given: Settings, chosen: argparse.Namespace) -> int:
    """Removes the state of a stopped amlocal; secret and certificates stay, so that clients need no new variables."""
    if holders.holder(given) is not None:
        raise SettingsError("It is running: stop it first with `python -m amlocal down`.")
    with holders.having(given):
        for path in given.home.iterdir():
            if path.name in KEPT:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    return 0


def logs(given: Settings, chosen: argparse.Namespace) -> int:
    file = log_locations.find(given.home, chosen.name) if chosen.name else given.home / "amlocal.log"
    if file is None or not file.exists():
        raise SettingsError(f"There is no log of {chosen.name or 'the server'} in {given.home}.")
    with file.open("rb") as content:
        shutil.copyfileobj(content, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return 0


def show_coverage() -> int:
    from amlocal import coverage

    sys.stdout.write(coverage.render())
    return 0


COMMANDS = {
    "up": up,
    "env": env,
    "status": status,
    "down": down,
    "reset": reset,
    "logs": logs,
}
