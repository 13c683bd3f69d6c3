"""``python -m launch.setup [--dev]``: brings the checkout up to date; when nothing changed it takes a moment."""

import argparse
import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from launch import console
from launch.console import say
from launch.setup import environments, message_catalogs, npm_packages, preflight, static_files
from portal.env import ROOT

NOTES = ROOT / ".setup"
LOG = NOTES / "setup.log"
VENV, SCORING_VENV = ROOT / ".venv", ROOT / ".venv-scoring"
LOCKED = ROOT / "requirements"


@dataclass(frozen=True)
class Step:
    """A part of the set-up; sizes in megabytes as measured on Linux x86_64."""

    name: str
    is_done: Callable[[], bool]
    do: Callable[[str, Path], None]
    download: int = 0
    disk: int = 0


def steps(is_for_development: bool) -> list[Step]:
    """All steps in their order; later ones use what earlier ones made."""
    node = (58, 204) if npm_packages.needs_wheel(ROOT) else (0, 0)
    return [
        _environment("portal environment (.venv)", VENV, "portal", 70, 400),
        *([_environment("development tools (.venv)", VENV, "dev", 75, 250)] if is_for_development else []),
        _environment("scoring environment (.venv-scoring)", SCORING_VENV, "scoring", 380, 2000),
        Step(
            "browser packages",
            partial(npm_packages.is_ready, ROOT, tools=is_for_development),
            lambda name, log: npm_packages.install(name, ROOT, log, tools=is_for_development),
            45 + node[0],
            260 + node[1],
        ),
        Step(
            "message catalogues",
            partial(message_catalogs.are_compiled, ROOT),
            lambda name, log: message_catalogs.compile_all(name, ROOT, log),
        ),
        Step(
            "static files",
            partial(static_files.are_collected, ROOT),
            lambda name, log: static_files.collect(name, ROOT, log),
            0,
            30,
        ),
    ]


def main() -> int:
    started = time.monotonic()
    options = _arguments()
    environments.check_python()
    NOTES.mkdir(exist_ok=True)
    with _one_at_a_time():
        missing = [step for step in steps(options.dev) if not step.is_done()]
        if missing:
            _install(missing)
    seconds = time.monotonic() - started
    (NOTES / "last.json").write_text(
        json.dumps({"seconds": round(seconds, 1), "steps": [step.name for step in missing]})
    )
    say(f"Set-up: {'done' if missing else 'nothing to do'} ({seconds:.1f} s)")
    return 0


def _install(missing: list[Step]) -> None:
    """Say what comes, check the disk and the package index, then do each step."""
    download, disk = sum(step.download for step in missing), sum(step.disk for step in missing)
    say(f"Set-up, with Python {sys.version.split()[0]}: {', '.join(step.name for step in missing)}")
    LOG.unlink(missing_ok=True)
    if download:
        say(f"  about {download / 1000:.1f} GB to download")
        preflight.check_disk(ROOT, disk / 1000)
        environments.create(VENV, LOG)
        preflight.check_reach(VENV, LOCKED / "portal.txt")
    for step in missing:
        if not step.is_done():
            step.do(step.name, LOG)


def _environment(name: str, folder: Path, requirements: str, download: int, disk: int) -> Step:
    file = LOCKED / f"{requirements}.txt"
    return Step(
        name,
        partial(environments.is_ready, folder, file),
        lambda what, log: environments.install(what, folder, file, log),
        download,
        disk,
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """One set-up at a time in a checkout; a second waits and then finds everything done."""
    with (NOTES / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work in this checkout; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/setup", description="Install what Portolan needs into this checkout.")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    return parser.parse_args()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(console.run(main))
