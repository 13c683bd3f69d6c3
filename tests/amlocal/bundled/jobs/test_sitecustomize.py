"""What every Python of a job reads first, tried in Pythons of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from amlocal.jobs.command_lines import BUNDLED

# What azureml-core has: the account is the first part of the host name.
UPLOAD = """
def get_block_blob_service_credentials(url):
    return "the package's own"
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "azureml" / "_file_utils"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from .upload import get_block_blob_service_credentials\n")
    (folder / "upload.py").write_text(UPLOAD)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (
            "https://localhost:8443/emu3.blob.core.local/box/a/b%20c.txt?sig=x",
            ["sig=x", "localhost:8443/emu3", "core.local", "box", "a/b%20c.txt"],
        ),
        ("https://emu3.blob.core.local/box/a.txt?sig=x", "the package's own"),
    ],
)
def test_azureml_core_finds_an_account_that_is_part_of_the_path(packages: Path, url: str, parts: list[str]) -> None:
    script = f"import azureml._file_utils as f, json; print(json.dumps(f.get_block_blob_service_credentials({url!r})))"
    environment = {"PYTHONPATH": f"{BUNDLED}:{packages}", "MLFLOW_TRACKING_URI": "azureml://x"}
    told = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == parts
    assert told.stderr == ""


def test_it_needs_nothing_that_python_3_8_does_not_have() -> None:
    """Jobs run with old Pythons too; there an error here is one line in the log, and nothing is changed."""
    text = (BUNDLED / "sitecustomize.py").read_text()
    assert "@functools.cache" not in text
    compile(text, "sitecustomize.py", "exec")
