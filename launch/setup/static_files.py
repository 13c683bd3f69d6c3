"""Collects the static files into PORTAL_HOME when their sources have changed."""

from pathlib import Path

from launch.setup import commands, environments, fingerprints
from portal import env

SOURCES = ("static", "package-lock.json", "build.mjs", "portal/vendor.py")


def are_collected(root: Path) -> bool:
    """Whether the PORTAL_HOME of this environment has them, made from today's sources."""
    is_there = (env.home() / "static" / "staticfiles.json").exists()
    return is_there and fingerprints.is_current(_fingerprint_file(), _fingerprint(root))


def collect(what: str, root: Path, log: Path) -> None:
    """Empty the folder and collect them anew. Raises Problem."""
    command = (
        environments.python(root / ".venv"),
        "manage.py",
        "collectstatic",
        "--noinput",
        "--clear",
        "--verbosity",
        "0",
    )
    commands.run(what, command, log=log, directory=root)
    fingerprints.write(_fingerprint_file(), _fingerprint(root))


def _fingerprint_file() -> Path:
    return env.home() / "run" / "static.stamp"


def _fingerprint(root: Path) -> str:
    return fingerprints.of([root / name for name in SOURCES])
