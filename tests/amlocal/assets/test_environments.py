"""Environments through the SDK."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import BuildContext, Environment
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

CONDA = "name: x\ndependencies:\n  - python=3.11\n  - pip:\n      - scikit-learn\n"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"


def conda_file(folder: Path, text: str = CONDA) -> str:
    path = folder / "conda.yml"
    path.write_text(text)
    return str(path)


def test_an_environment_with_a_conda_file(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    ml_client.environments.create_or_update(
        Environment(name=name, version="1", image=IMAGE, conda_file=conda_file(tmp_path), tags={"a": "b"})
    )
    found = ml_client.environments.get(name, "1")
    assert found.image == IMAGE
    assert found.conda_file["dependencies"][1] == {"pip": ["scikit-learn"]}
    assert found.tags == {"a": "b"}
    assert found.id.endswith(f"/environments/{name}/versions/1")


def test_a_version_never_changes(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    for _ in range(2):
        ml_client.environments.create_or_update(
            Environment(name=name, version="1", image=IMAGE, conda_file=conda_file(tmp_path))
        )
    other = conda_file(tmp_path, CONDA.replace("scikit-learn", "numpy"))
    with pytest.raises(HttpResponseError) as refused:
        ml_client.environments.create_or_update(Environment(name=name, version="1", image=IMAGE, conda_file=other))
    assert refused.value.status_code == 409


def test_versions_count_on(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    for text in (CONDA, CONDA.replace("scikit-learn", "numpy")):
        ml_client.environments.create_or_update(
            Environment(name=name, image=IMAGE, conda_file=conda_file(tmp_path, text))
        )
    assert {found.version for found in ml_client.environments.list(name)} == {"1", "2"}
    assert ml_client.environments.get(name, label="latest").version == "2"
    ml_client.environments.archive(name, version="2")
    assert [found.version for found in ml_client.environments.list(name)] == ["1"]


def test_a_build_context_is_uploaded(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text(f"FROM {IMAGE}\n")
    ml_client.environments.create_or_update(
        Environment(name=name, version="1", build=BuildContext(path=str(tmp_path / "context")))
    )
    found = ml_client.environments.get(name, "1")
    assert found.build.dockerfile_path == "Dockerfile"
    assert found.build.path.startswith("https://localhost")


def test_a_missing_one_is_not_found(ml_client: MLClient, name: str) -> None:
    with pytest.raises(ResourceNotFoundError):
        ml_client.environments.get(name, "1")
