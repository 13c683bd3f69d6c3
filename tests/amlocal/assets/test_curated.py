"""Curated environments: what ids mean them, what they bring, and that a workspace has them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential

from amlocal.assets import curated
from amlocal.building import satisfaction
from tests.amlocal import wheels
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import ENVIRONMENT, await_end, submit
from tests.amlocal_server import SCORING_PYTHON, AmlocalServer

BUILD_LOG = "azureml-logs/20_image_build_log.txt"
UNKNOWN = "azureml://registries/azureml/environments/never-heard-of-it/labels/latest"
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.mark.parametrize(
    ("environment_id", "name"),
    [
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "sklearn-1.5"),
        ("azureml://registries/azureml/environments/sklearn-1.5/versions/22", "sklearn-1.5"),
        ("azureml://registries/mine/environments/sklearn-1.5/versions/1", "mine/sklearn-1.5"),
        ("azureml:AzureML-tensorflow-2.16-cuda12@latest", "AzureML-tensorflow-2.16-cuda12"),
        ("azureml:AzureML-acpt-pytorch-2.8-cuda12.6:1", "AzureML-acpt-pytorch-2.8-cuda12.6"),
        (f"{WORKSPACE}/environments/AzureML-sklearn-1.5/versions/3", "AzureML-sklearn-1.5"),
        (f"{WORKSPACE}/environments/mine/versions/3", ""),
        ("", ""),
    ],
)
def test_an_id_leads_to_a_curated_name(environment_id: str, name: str) -> None:
    assert curated.named_in(environment_id) == name


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("mcr.microsoft.com/azureml/curated/tensorflow-2.16-cuda12:latest", "tensorflow-2.16-cuda12"),
        ("mcr.microsoft.com/azureml/curated/unheard-of:7", "unheard-of"),
        ("mcr.microsoft.com/azureml/minimal-py312-inference", "minimal-py312-inference"),
        ("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", ""),
        ("python:3.11", ""),
    ],
)
def test_an_image_leads_to_a_curated_name(image: str, name: str) -> None:
    assert curated.named_by_image(image) == name


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("sklearn-1.5", "scikit-learn~=1.5.0"),
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scikit-learn~=0.24.0"),
        ("tensorflow-2.16-cuda12", "tensorflow~=2.16.0"),
        ("AzureML-pytorch-1.9-ubuntu18.04-py37-cuda11-gpu", "torch"),
        ("acpt-pytorch-2.8-cuda12.6", "torch"),
        ("AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu", "lightgbm"),
        ("minimal-ubuntu22.04-py39-cpu-inference", "azureml-inference-server-http"),
    ],
)
def test_a_curated_name_brings_its_packages(name: str, package: str) -> None:
    found = curated.find(name)
    assert found is not None
    assert package in found.requirements
    assert package.partition("~")[0] in found.enough
    assert not any(sign in word for word in found.enough for sign in "<>=~{")


def test_a_given_python_that_has_its_packages_is_used_in_silence(ml_client: MLClient, plane: DataPlane) -> None:
    job = submit(ml_client, None, "python -c 'import sklearn, pandas'", environment=ENVIRONMENT)
    assert await_end(ml_client, job.name).status == "Completed"
    assert BUILD_LOG not in plane.details(job.name)["logFiles"]


def test_another_build_of_the_same_package_will_do() -> None:
    assert satisfaction.ask(SCORING_PYTHON, ["tensorflow", "opencv-python"]).lacking == ("opencv-python is not there",)


def test_a_job_can_keep_what_it_learns_of_the_cloud(ml_client: MLClient) -> None:
    job = submit(ml_client, None, 'echo "{}" > "$HOME/.azure/cloudEndpoints.json"')
    assert await_end(ml_client, job.name).status == "Completed"


def test_one_that_nobody_knows_is_told(ml_client: MLClient, plane: DataPlane) -> None:
    job = submit(ml_client, None, "true", environment=UNKNOWN)
    assert await_end(ml_client, job.name).status == "Completed"
    assert "never-heard-of-it" in plane.details(job.name)["warnings"][0]["message"]
    log = requests.get(plane.details(job.name)["logFiles"][BUILD_LOG], timeout=10).text
    assert "never-heard-of-it" in log


@pytest.mark.parametrize("own_server", [{"AMLOCAL_ENV": "strict"}], indirect=True)
def test_strict_takes_none_that_nobody_knows(own_server: AmlocalServer) -> None:
    client = MLClient(ManagedIdentityCredential(), own_server.env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
    assert await_end(client, submit(client, None, "true", environment=UNKNOWN).name).status == "Failed"


@pytest.mark.extended
def test_on_a_bare_machine_it_is_built(tmp_path: Path) -> None:
    found = curated.find("sklearn-1.5")
    assert found is not None
    shelf = tmp_path / "wheels"
    for line in found.requirements:
        package = line.partition("~")[0].partition("<")[0].replace("-", "_")
        for version in ("1.5.2", "9.0"):
            wheels.make(shelf, version, name=package)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    only = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(shelf)}
    server = AmlocalServer(tmp_path / "home", {"AMLOCAL_JOB_PYTHON": str(tmp_path / "bare/bin/python"), **only})
    server.start()
    with server.client_environment():
        client = MLClient(ManagedIdentityCredential(), server.env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
        code = "import azureml_mlflow, mlflow_skinny, scikit_learn; assert scikit_learn.VERSION == '1.5.2'"
        for environment in (ENVIRONMENT, "azureml:AzureML-sklearn-1.5@latest"):
            job = submit(client, None, f'python -c "{code}"', environment=environment)
            assert await_end(client, job.name).status == "Completed"
    server.stop()
    assert len(list((server.home / "environments").iterdir())) == 1


def test_a_workspace_has_them(ml_client: MLClient, name: str) -> None:
    ml_client.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    listed = {found.name: found for found in ml_client.environments.list()}
    assert {name, "AzureML-sklearn-1.5"} <= set(listed)
    assert [found.version for found in ml_client.environments.list("AzureML-sklearn-1.5")] == ["1"]
    latest = ml_client.environments.get("AzureML-sklearn-1.5", label="latest")
    assert latest.image.startswith("mcr.microsoft.com/azureml/curated/sklearn-1.5:")
    assert ml_client.environments.get("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "44").version == "44"
    with pytest.raises(ResourceNotFoundError):
        ml_client.environments.get("AzureML-never-heard-of-it", "1")


def test_what_was_got_can_run_a_job(ml_client: MLClient) -> None:
    found = ml_client.environments.get("AzureML-sklearn-1.5", label="latest")
    job = submit(ml_client, None, "true", environment=found.id)
    assert await_end(ml_client, job.name).status == "Completed"


def test_their_prefix_belongs_to_azure(ml_client: MLClient) -> None:
    with pytest.raises(HttpResponseError, match="can not start with the prefix AzureML"):
        ml_client.environments.create_or_update(Environment(name="AzureML-mine", version="1", image="python:3.11"))
