"""The page of what amlocal answers."""

from __future__ import annotations

import subprocess
import sys

from tests.amlocal_server import ROOT


def test_the_coverage_page_is_current() -> None:
    page = subprocess.run(
        [sys.executable, "-m", "amlocal", "coverage"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "docs" / "amlocal-coverage.md").read_text() == page, (
        "run: python -m amlocal coverage > docs/amlocal-coverage.md"
    )
