"""A throw-away virtual environment on top of an interpreter: what a job installs goes there, as on Azure it goes into
its container, and the interpreter beneath, which others use too, stays as it is."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS = 60
# Runs in the interpreter beneath, which may be a virtual environment itself.
_SCRIPT = """
import json, platform, sys
packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
home = getattr(sys, "_base_executable", sys.executable)
print(json.dumps([home, platform.python_version(), packages]))
"""
# What pip and uv write above a script: the interpreter, by way of sh where the line would be too long.
_HEAD = re.compile(rb"(?:#![^\n]*\n'''exec' [^\n]*\n' '''|#![^\n]*)\n")
_LARGEST_SCRIPT = 64 * 1024


def make(beneath: Path, folder: Path, layers: Sequence[Path] = ()) -> Path:
    """Makes the overlay in `folder`, above the packages of the folders `layers`; the path of its Python. Raises OSError
    when `beneath` does not answer."""
    home, version, packages = _ask(beneath, beneath.stat().st_mtime_ns)
    minor = ".".join(version.split(".")[:2])
    shutil.rmtree(folder, ignore_errors=True)
    programs, inside = folder / "bin", folder / "lib" / f"python{minor}" / "site-packages"
    programs.mkdir(parents=True)
    inside.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(
        f"home = {Path(home).parent}\ninclude-system-site-packages = false\nversion = {version}\n"
    )
    # Unlike a bare path, this reads the .pth files there too.
    (inside / "_beneath.pth").write_text(
        "".join(f"import site; site.addsitedir({path!r})\n" for path in [*map(str, layers), *packages])
    )
    for name in ("python", "python3", f"python{minor}"):
        (programs / name).symlink_to(home)
    # Elsewhere, such as in /usr/bin, what is no script of this Python is on PATH anyway, or nobody's business.
    is_environment = any((beneath.parent.parent / name).exists() for name in ("pyvenv.cfg", "conda-meta"))
    for program in beneath.parent.iterdir():
        if not (programs / program.name).exists() and program.is_file() and os.access(program, os.X_OK):
            _copy(program, programs, or_link=is_environment)
    return programs / "python"


def variables(python: Path) -> dict[str, str]:
    """What tells installers to use the overlay of this Python: uv takes it, a pip of another Python refuses to work."""
    return {"VIRTUAL_ENV": str(python.parent.parent), "PIP_REQUIRE_VIRTUALENV": "1"}


@functools.lru_cache(maxsize=100)
def _ask(python: Path, changed_at: int) -> tuple[str, str, list[str]]:
    """(the interpreter it comes from, its version, the folders of its packages)"""
    try:
        told = subprocess.run(
            [str(python), "-I", "-c", _SCRIPT], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise OSError(f"{python} did not answer within {SECONDS} seconds.") from exc
    if told.returncode != 0:
        raise OSError(f"{python} cannot tell where its packages are: {told.stderr.strip()[-300:]}")
    home, version, packages = json.loads(told.stdout)
    return str(home), str(version), [str(path) for path in packages]


def _copy(program: Path, programs: Path, *, or_link: bool) -> None:
    """A script for the Python beside it, such as pip or mlflow, becomes one for the overlay's."""
    target = programs / program.name
    content = program.read_bytes() if program.stat().st_size <= _LARGEST_SCRIPT else b""
    head = _HEAD.match(content)
    # Reached through a link of a folder, it still names the Python by its own path.
    folders = {program.parent, program.parent.resolve()}
    if head is not None and any(f"{folder}/python".encode() in head[0] for folder in folders):
        own = f"#!/bin/sh\n'''exec' \"{programs}/python\" \"$0\" \"$@\"\n' '''\n"
        target.write_bytes(own.encode() + content[head.end() :])
        target.chmod(0o755)
    elif or_link:
        target.symlink_to(program)
