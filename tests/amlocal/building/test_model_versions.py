"""Whether a model's releases are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from amlocal.building import model_versions, satisfaction
from tests.amlocal_server import SCORING_PYTHON

MODEL = "flavors:\n  python_function:\n    loader_module: x\n  sklearn:\n    sklearn_version: {}\nmlflow_version: 2.1\n"


@pytest.mark.parametrize(("version", "is_told"), [("0.24.2", True), ("{}.99", False), ("?", False)])
def test_another_minor_release_is_told(tmp_path: Path, version: str, is_told: bool) -> None:
    lacking = satisfaction.ask(SCORING_PYTHON, ["scikit-learn==0.1"]).lacking[0]
    here = lacking.split()[2].rstrip(",").rpartition(".")[0]
    (tmp_path / "MLmodel").write_text(MODEL.format(version.format(here)))
    told = model_versions.find_differences(tmp_path, SCORING_PYTHON)
    assert bool(told) is is_told
    assert not told or f"made with scikit-learn {version}, and scikit-learn is {here}" in told[0]


def test_what_is_no_mlflow_model_has_no_releases(tmp_path: Path) -> None:
    assert model_versions.find_differences(tmp_path, SCORING_PYTHON) == ()
