"""The tests of amlocal with older releases of the SDK, each in an environment of its own made from its lock file:
``script/test --sdk-matrix``. Options go to pytest. What an old release itself cannot do is in amlocal/older_sdks.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from launch.console import Problem
from launch.setup import environments

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".setup"


def main(options: list[str]) -> int:
    """Zero when every release passes."""
    ended = {lock.stem: _test(lock, options) for lock in sorted(ROOT.glob("requirements/sdk-*.txt"))}
    for name, code in ended.items():
        print(f"{name}: {'passed' if code == 0 else f'failed ({code})'}")
    return max(ended.values())


def _test(lock: Path, options: list[str]) -> int:
    folder = PLACE / lock.stem
    folder.parent.mkdir(exist_ok=True)
    if not environments.is_ready(folder, lock):
        environments.install(f"the SDK of {lock.name}", folder, lock, PLACE / f"{lock.stem}.log")
    python = environments.python(folder)
    # The parent folder's conftest is the portal's.
    where = ("-c", "tests/amlocal/matrix.ini", f"--rootdir={ROOT}", "--confcutdir=tests/amlocal")
    plugged = ("-p", "tests.amlocal.older_sdks", "-W", "ignore")
    chosen = options or ["tests/amlocal"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    return subprocess.run(
        [python, "-m", "pytest", *where, *plugged, *chosen], cwd=ROOT, env=inherited, check=False
    ).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
