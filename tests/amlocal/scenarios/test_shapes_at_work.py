"""Every answer about jobs, models, endpoints and deployments has the shape of the newest SDK's own typed models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import Input, MLClient, Output, command
from azure.ai.ml.entities import JobService, OnlineRequestSettings, ProbeSettings

from tests.amlocal import shapes
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import ENVIRONMENT, await_end
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.fixture(scope="module")
def job(ml_client: MLClient) -> str:
    """A job with everything that one can say about a job."""
    asked = command(
        command="echo ${{inputs.number}} > ${{outputs.folder}}/n.txt",
        inputs={"number": 3, "file": Input(type="uri_file", path=__file__, mode="download")},
        outputs={"folder": Output(type="uri_folder", name="shaped", mode="upload")},
        environment=ENVIRONMENT,
        environment_variables={"A": "b"},
        compute="cpu-cluster",
        tags={"a": "b"},
        display_name="shaped",
        description="Words",
        services={"shell": JobService(type="jupyter_lab")},
    )
    asked.set_limits(timeout=600)
    asked.set_resources(instance_count=1, shm_size="2g")
    asked.properties = {"p": "q"}
    name = ml_client.jobs.create_or_update(asked).name
    assert await_end(ml_client, name).status == "Completed"
    return str(name)


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("shaped"), "ep-shaped")
    probe = ProbeSettings(initial_delay=1, period=2, timeout=2, failure_threshold=9, success_threshold=1)
    served.deploy("blue", tags={"a": "b"}, description="Words", liveness_probe=probe, readiness_probe=probe)
    served.route(blue=100)
    yield served
    served.delete()


def read(plane: DataPlane, path: str) -> dict[str, Any]:
    answer = plane.call("GET", "", path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_jobs_have_the_sdks_shape(plane: DataPlane, job: str) -> None:
    wire = read(plane, f"jobs/{job}")
    assert shapes.check("JobBase", wire) == []
    assert wire["properties"]["services"]["shell"]["jobServiceType"] == "JupyterLab"
    for one in read(plane, "jobs")["value"]:
        assert shapes.check("JobBase", one) == []


def test_models_have_the_sdks_shape(plane: DataPlane, served: Served) -> None:
    name = served.model.name
    assert shapes.check("ModelContainer", read(plane, f"models/{name}")) == []
    assert shapes.check("ModelVersion", read(plane, f"models/{name}/versions/1")) == []
    for one in read(plane, "models")["value"]:
        assert shapes.check("ModelContainer", one) == []


def test_endpoints_have_the_sdks_shape(plane: DataPlane, served: Served) -> None:
    assert shapes.check("OnlineEndpoint", read(plane, f"onlineEndpoints/{served.name}")) == []
    for one in read(plane, "onlineEndpoints")["value"]:
        assert shapes.check("OnlineEndpoint", one) == []
    keys = plane.call("POST", "", f"onlineEndpoints/{served.name}/listKeys", {}).json()
    assert shapes.check("EndpointAuthKeys", keys) == []


def test_deployments_have_the_sdks_shape(plane: DataPlane, served: Served) -> None:
    path = f"onlineEndpoints/{served.name}/deployments"
    wire = read(plane, f"{path}/blue")
    assert shapes.check("OnlineDeployment", wire) == []
    assert wire["properties"]["livenessProbe"]["period"] == "PT2S"
    for one in read(plane, path)["value"]:
        assert shapes.check("OnlineDeployment", one) == []
    for one in read(plane, f"{path}/blue/skus")["value"]:
        assert shapes.check("SkuResource", one) == []
    logs = plane.call("POST", "", f"{path}/blue/getLogs", {"tail": 5}).json()
    assert shapes.check("DeploymentLogs", logs) == []


def test_what_was_asked_of_a_deployment_comes_back(ml_client: MLClient, served: Served) -> None:
    found = ml_client.online_deployments.get("blue", served.name)
    assert isinstance(found.request_settings, OnlineRequestSettings)
    assert (found.description, found.tags, found.liveness_probe.failure_threshold) == ("Words", {"a": "b"}, 9)


def test_a_token_has_the_sdks_shape(ml_client: MLClient, plane: DataPlane, name: str, tmp_path: Path) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    made = ManagedOnlineEndpoint(name=name, auth_mode="aml_token")
    ml_client.online_endpoints.begin_create_or_update(made).result()
    token = plane.call("POST", "", f"onlineEndpoints/{name}/token", {}).json()
    assert shapes.check("EndpointAuthToken", token) == []
    ml_client.online_endpoints.begin_delete(name).result()
