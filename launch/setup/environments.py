"""Python environments made from the locked requirement files, with uv where it is on PATH, else with venv and pip."""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from launch.console import Problem, say
from launch.setup import commands, fingerprints

OLDEST, NEWEST = (3, 11), (3, 13)


def check_python() -> None:
    """Raises Problem when this Python cannot make the environments."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise Problem(f"Portolan needs Python 3.11, 3.12 or 3.13; {sys.executable} is {platform.python_version()}.")
    if sys.platform not in ("linux", "darwin"):
        raise Problem("Portolan runs on Linux and macOS; on Windows use WSL or the compose file.")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise Problem(
            "TensorFlow is no longer built for Intel Macs: use a Mac with Apple silicon, Linux, or the compose file."
        )
    if not (_has_venv() or shutil.which("uv")):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Problem(
            f"Python {version} at {sys.executable} came without its venv module: "
            f"install it (Debian, Ubuntu: apt install python{version}-venv) or name another Python with PYTHON=…"
        )


def python(folder: Path) -> Path:
    return folder / "bin" / "python"


def is_ready(folder: Path, requirements: Path) -> bool:
    """Whether the environment works and holds exactly what the requirement file locks."""
    current = fingerprints.of([requirements])
    return _is_usable(folder) and fingerprints.is_current(_fingerprint_file(folder, requirements), current)


def create(folder: Path, log: Path) -> None:
    """Make the empty environment when it is missing or broken; needs no network. Raises Problem."""
    if _is_usable(folder):
        return
    clear = ("--clear",) if folder.exists() else ()
    if _has_venv():
        maker: tuple[str | Path, ...] = (sys.executable, "-m", "venv", *clear, folder)
    else:
        maker = (shutil.which("uv") or "uv", "venv", *clear, "--python", sys.executable, folder)
    commands.run(f"{folder.name} with Python {platform.python_version()}", maker, log=log, directory=folder.parent)


def install(what: str, folder: Path, requirements: Path, log: Path) -> None:
    """Make the environment when it is missing or broken, and install the file's packages. Raises Problem."""
    create(folder, log)
    _fingerprint_file(folder, requirements).unlink(missing_ok=True)
    _install(what, folder, requirements, log)
    fingerprints.write(_fingerprint_file(folder, requirements), fingerprints.of([requirements]))


def pip(folder: Path) -> Sequence[str | Path]:
    return (python(folder), "-m", "pip", "--disable-pip-version-check", "--no-input")


def has_pip(folder: Path) -> bool:
    return any(folder.glob("lib/python3*/site-packages/pip"))


def _install(what: str, folder: Path, requirements: Path, log: Path) -> None:
    root = requirements.parent.parent
    if uv := shutil.which("uv"):
        locked = ("--require-hashes", "-r", requirements)
        try:
            commands.run(what, (uv, "pip", "install", "--python", python(folder), *locked), log=log, directory=root)
        except Problem as problem:
            if not has_pip(folder):
                raise
            say(f"  uv did not manage, pip tries: {problem}")
        else:
            return
    commands.run(what, (*pip(folder), "install", "--require-hashes", "-r", requirements), log=log, directory=root)


def _is_usable(folder: Path) -> bool:
    """Whether its Python is there and of a version we support (the home Python may have been removed since)."""
    if not python(folder).exists():
        return False
    names = [path.name.removeprefix("python3.") for path in folder.glob("lib/python3.*")]
    return any(name.isdigit() and OLDEST[1] <= int(name) <= NEWEST[1] for name in names)


def _has_venv() -> bool:
    return importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None


def _fingerprint_file(folder: Path, requirements: Path) -> Path:
    return folder / f".portolan-{requirements.stem}"
