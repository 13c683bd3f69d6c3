"""Collects static files into PORTAL_HOME and compiles the message catalogues, each when its sources changed."""

from pathlib import Path

from launch.setup import commands, environments, stamps
from portal import env

SOURCES = ("static", "package-lock.json", "build.mjs", "portal/vendor.py")


def are_collected(root: Path) -> bool:
    """For the PORTAL_HOME of this environment."""
    return (env.home() / "static" / "staticfiles.json").exists() and stamps.is_fresh(_stamp(), _digest(root))


def collect(what: str, root: Path, log: Path) -> None:
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
    stamps.write(_stamp(), _digest(root))


def are_compiled(root: Path) -> bool:
    catalogues = sorted((root / "locale").rglob("*.po"))
    return all(
        path.with_suffix(".mo").exists() and path.with_suffix(".mo").stat().st_mtime >= path.stat().st_mtime
        for path in catalogues
    )


def compile_catalogues(what: str, root: Path, log: Path) -> None:
    command = (environments.python(root / ".venv"), "-m", "portal.catalogues", "compile")
    commands.run(what, command, log=log, directory=root)


def _stamp() -> Path:
    return env.home() / "run" / "static.stamp"


def _digest(root: Path) -> str:
    return stamps.digest([root / name for name in SOURCES])
