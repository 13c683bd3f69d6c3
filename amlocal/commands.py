"""The command line: up, env, status, down, reset, logs, coverage. Each command is a function that returns an exit code."""

from __future__ import annotations

import argparse
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence

from amlocal import environ, running, settings
from amlocal.settings import Settings, SettingsError

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
    chosen = parser.parse_args(arguments)
    try:
        found = settings.read()
        return {"up": up, "env": env, "status": status, "down": down}[chosen.command](found, chosen)
    except SettingsError as exc:
        print(f"amlocal: {exc}", file=sys.stderr)
        return 2


def up(given: Settings, chosen: argparse.Namespace) -> int:
    if not chosen.detach:
        running.serve(given)
        return 0
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
        facts = running.find(given)
        if facts and facts["pid"] == process.pid:
            print(json.dumps(facts))
            return 0
        time.sleep(0.05)
    raise SettingsError(f"It did not start:\n{(given.home / 'up.log').read_text()}")


def env(given: Settings, chosen: argparse.Namespace) -> int:
    facts = running.find(given)
    if facts:
        given = given.at_url(facts["url"])
    print(environ.render(environ.variables(given), chosen.format))
    return 0


def status(given: Settings, chosen: argparse.Namespace) -> int:
    facts = running.find(given)
    if facts is None:
        print(f"No amlocal is running in {given.home}.")
        return 1
    trust = ssl.create_default_context(cafile=str(given.ca_bundle))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    try:
        with direct.open(f"https://localhost:{facts['port']}/healthz", timeout=5):
            print(json.dumps(facts))
            return 0
    except OSError as exc:
        print(f"amlocal runs as process {facts['pid']} but does not answer: {exc}")
        return 1


def down(given: Settings, chosen: argparse.Namespace) -> int:
    facts = running.find(given)
    if facts is None:
        print(f"No amlocal is running in {given.home}.")
        return 0
    os.kill(facts["pid"], signal.SIGTERM)
    give_up_at = time.monotonic() + STOP_SECONDS
    while running.find(given) is not None:
        if time.monotonic() > give_up_at:
            raise SettingsError(f"Process {facts['pid']} has not ended within {STOP_SECONDS} seconds.")
        time.sleep(0.05)
    return 0
