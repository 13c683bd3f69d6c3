"""Checks before the first download: is there room on the disk, and does the package index answer?"""

import shutil
import subprocess
import time
from pathlib import Path

from launch.console import Problem, say
from launch.setup import environments

SPARE_GIGABYTES = 0.5
REACH_SECONDS = 60


def check_disk(folder: Path, needed_gigabytes: float) -> None:
    """Raises Problem when less is free than is needed and half a gigabyte more."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed_gigabytes + SPARE_GIGABYTES:
        raise Problem(
            f"The disk of {folder} has {free:.1f} GB free, {needed_gigabytes + SPARE_GIGABYTES:.1f} GB are needed: "
            "free some space or check out on a larger disk."
        )
    say(f"  disk: {free:.0f} GB free, {needed_gigabytes:.1f} GB will be used")


def check_reach(environment: Path, requirements: Path) -> None:
    """Resolve the first locked package with this machine's own pip settings; downloads nothing. Raises Problem."""
    if not environments.has_pip(environment):
        return
    package = requirements.read_text().split(" ", 1)[0]
    options = (
        "install",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--retries",
        "1",
        "--timeout",
        "15",
        "--quiet",
    )
    started = time.monotonic()
    try:
        answer = subprocess.run(
            [*environments.pip(environment), *options, package],
            capture_output=True,
            text=True,
            timeout=REACH_SECONDS,
            check=False,
        )
        is_reached = answer.returncode == 0
    except subprocess.TimeoutExpired:
        is_reached = False
    if not is_reached:
        raise Problem(
            "The Python package index does not answer: "
            "check the network, HTTPS_PROXY, or the index in pip's own settings (pip config list)."
        )
    say(f"  reach: the Python package index answers ({time.monotonic() - started:.1f} s)")
