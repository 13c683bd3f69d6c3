"""What a job or a deployment installs is its own: the Python beneath, which others use, stays as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from azure.ai.ml import MLClient

from amlocal.building import overlays
from tests.amlocal import wheels
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import SCORING_PYTHON, AmlocalServer


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    wheels.make(tmp_path / "wheels", "2.0")
    return tmp_path / "wheels"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("pip", ["pip", "python -m pip"])
def test_what_a_job_installs_is_gone_with_it(ml_client: MLClient, plane: DataPlane, shelf: Path, pip: str) -> None:
    install = f"{pip} --disable-pip-version-check install -q --no-index --find-links {shelf} tiny"
    job = submit(ml_client, None, f"{install} && python -c 'import mlflow, tiny; print(tiny.VERSION)'")
    assert await_end(ml_client, job.name).status == "Completed", plane.details(job.name)
    assert run(SCORING_PYTHON, "-c", "import tiny").returncode != 0
    later = submit(ml_client, None, "python -c 'import tiny'")
    assert await_end(ml_client, later.name).status == "Failed"


@pytest.mark.extended
def test_scripts_of_the_interpreter_see_what_was_installed_above_it(tmp_path: Path, shelf: Path) -> None:
    beneath = tmp_path / "beneath"
    assert run(sys.executable, "-m", "venv", beneath).returncode == 0
    script = beneath / "bin" / "say"
    script.write_text(f"#!{beneath}/bin/python\nimport tiny\nprint(tiny.VERSION)\n")
    script.chmod(0o755)
    (beneath / "bin" / "other").symlink_to("/bin/sh")
    python = overlays.make(beneath / "bin" / "python", tmp_path / "over")
    assert run(python.parent / "pip", "install", "-q", "--no-index", "--find-links", shelf, "tiny").returncode == 0
    assert run(python.parent / "say").stdout == "2.0\n"
    assert run(script).returncode != 0
    assert run(python.parent / "other", "-c", "echo linked").stdout == "linked\n"


@pytest.mark.extended
def test_an_environment_reached_through_a_link_stays_as_it_is(tmp_path: Path, shelf: Path) -> None:
    beneath = tmp_path / "beneath"
    assert run(sys.executable, "-m", "venv", beneath).returncode == 0
    (tmp_path / "link").symlink_to(beneath)
    python = overlays.make(tmp_path / "link" / "bin" / "python", tmp_path / "over")
    assert run(python.parent / "pip", "install", "-q", "--no-index", "--find-links", shelf, "tiny").returncode == 0
    assert run(python, "-c", "import tiny").returncode == 0
    assert run(beneath / "bin" / "python", "-c", "import tiny").returncode != 0


def test_an_overlay_of_an_overlay_sees_both(tmp_path: Path, shelf: Path) -> None:
    first = overlays.make(Path(sys.executable), tmp_path / "first")
    assert run(first, "-m", "pip", "install", "-q", "--no-index", "--find-links", shelf, "tiny").returncode == 0
    second = overlays.make(first, tmp_path / "second")
    assert run(second, "-c", "import pytest, tiny; print(tiny.VERSION)").stdout == "2.0\n"
