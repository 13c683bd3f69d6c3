"""amlocal as a package of its own, for projects that have nothing else of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.amlocal_server import ROOT

TEST = """
def test_there_is_a_workspace(azure_ml):
    assert azure_ml.workspace_name
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, *offline, "--wheel-dir", str(target), str(ROOT / "amlocal")], check=True)
    return next(target.glob("amlocal-*.whl"))


def test_the_package_has_every_file_of_the_folder(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "amlocal"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {name for name in tracked.stdout.split() if (ROOT / name).exists()} - {"amlocal/pyproject.toml"}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("amlocal/")}
    assert packed == expected


def test_an_installed_package_has_the_command_and_the_fixture(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", "--target", str(site), str(wheel)], check=True)
    cleaned = {name: value for name, value in os.environ.items() if not name.startswith(("AMLOCAL_", "DJANGO_"))}
    environment = {**cleaned, "PYTHONPATH": str(site)}
    command = [sys.executable, str(site / "bin" / "amlocal"), "env", "--format", "json"]
    told = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "AMLOCAL_HOME": str(tmp_path / "home")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert '"AMLOCAL_WORKSPACE": "local"' in told.stdout
    (tmp_path / "test_it.py").write_text(TEST)
    options = ["-q", "-p", "no:django", "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_it.py"],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
