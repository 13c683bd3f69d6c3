"""When a Python environment has to be made anew."""

import subprocess
import sys

from launch.setup import environments, fingerprints


def test_an_environment_is_ready_only_for_the_file_it_was_made_from(tmp_path):
    requirements = tmp_path / "requirements" / "tiny.txt"
    requirements.parent.mkdir()
    requirements.write_text("# nothing\n")
    folder = tmp_path / ".venv"
    assert not environments.is_ready(folder, requirements)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    assert not environments.is_ready(folder, requirements), "it works but holds nothing yet"
    fingerprints.write(folder / ".portolan-tiny", fingerprints.of([requirements]))
    assert environments.is_ready(folder, requirements)
    requirements.write_text("# changed\n")
    assert not environments.is_ready(folder, requirements)


def test_an_environment_whose_python_was_removed_is_not_ready(tmp_path):
    requirements = tmp_path / "tiny.txt"
    requirements.write_text("")
    folder = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    fingerprints.write(folder / ".portolan-tiny", fingerprints.of([requirements]))
    for name in ("python", "python3"):
        (folder / "bin" / name).unlink()
    assert not environments.is_ready(folder, requirements)


def test_this_python_will_do():
    environments.check_python()
