"""What a deployment may ask for: Azure's limits, and what amlocal does not serve is refused before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    DataCollector,
    DeploymentCollection,
    Environment,
    KubernetesOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    ProbeSettings,
)
from azure.core.exceptions import HttpResponseError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("specified"), "ep-specified")
    yield served
    assert list(ml_client.online_deployments.list(served.name)) == []
    served.delete()


def own_server(port: int, path: str) -> dict[str, Any]:
    return {f"{name}_route": {"port": port, "path": path} for name in ("liveness", "readiness", "scoring")}


@pytest.mark.parametrize(
    "asked",
    [
        {"instance_type": "huge"},
        {"instance_type": "Standard DS3"},
        {"instance_count": 0},
        {"instance_count": 51},
        {"timeout_ms": 180_001},
        {"concurrent": 0},
    ],
    ids=str,
)
def test_what_azure_does_not_take_is_refused(served: Served, asked: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError) as told:
        served.deploy("limits", **asked)
    assert (told.value.status_code, "BadArgument" in str(told.value)) == (400, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"scaleSettings": {"scaleType": "TargetUtilization", "minInstances": 1, "maxInstances": 2}},
        {"egressPublicNetworkAccess": "Perhaps"},
        {"endpointComputeType": "Kubernetes"},
        {"instanceType": None},
        {"requestSettings": {"requestTimeout": "5s"}},
        {"requestSettings": {"requestTimeout": "PT0S"}},
        {"livenessProbe": {"initialDelay": "PT0S"}},
        {"readinessProbe": {"failureThreshold": 0}},
        {"requestSettings": {"maxQueueWait": "PT1.2.3S"}},
    ],
    ids=str,
)
def test_so_is_what_the_sdk_would_not_send(
    served: Served, amlocal_server: AmlocalServer, changed: dict[str, Any]
) -> None:
    properties = {"endpointComputeType": "Managed", "model": served.model.id, "instanceType": "Standard_DS3_v2"}
    properties |= {"codeConfiguration": {"codeId": "any", "scoringScript": "score.py"}}
    body = {"location": "eastus", "sku": {"name": "Default", "capacity": 1}, "properties": {**properties, **changed}}
    path = f"onlineEndpoints/{served.name}/deployments/raw"
    answer = DataPlane(amlocal_server).call("PUT", "", path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgument"), answer.text


def test_data_collectors_are_told_to_be_missing(served: Served) -> None:
    collector = DataCollector(collections={"request": DeploymentCollection(enabled="true")})
    with pytest.raises(HttpResponseError, match="Data collectors are not in amlocal") as told:
        served.deploy("collects", data_collector=collector)
    assert told.value.status_code == 501


def test_custom_containers_are_told_to_be_missing(served: Served) -> None:
    torchserve = Environment(name="torchserve", image="torchserve:1", inference_config=own_server(8080, "/predictions"))
    with pytest.raises(HttpResponseError, match="Custom containers") as told:
        served.deploy("contained", environment=torchserve)
    assert told.value.status_code == 501


def test_triton_models_are_told_to_be_missing(served: Served, tmp_path: Path, name: str) -> None:
    (tmp_path / "models" / "densenet" / "1").mkdir(parents=True)
    (tmp_path / "models" / "densenet" / "1" / "model.onnx").write_text("x")
    model = Model(name=name, path=str(tmp_path / "models"), type="triton_model")
    with pytest.raises(HttpResponseError, match="Triton models") as told:
        served.deploy(
            "triton",
            model=served.client.models.create_or_update(model).id,
            code_configuration=None,
            environment=None,
        )
    assert told.value.status_code == 501


def test_on_kubernetes_both_names_are_measured_together(
    ml_client: MLClient, amlocal_server: AmlocalServer, name: str
) -> None:
    long = f"{name}-{'k' * 32}"[:32]
    ml_client.online_endpoints.begin_create_or_update(KubernetesOnlineEndpoint(name=long, compute="any")).result()
    path = f"onlineEndpoints/{long}/deployments/{'d' * 31}"
    answer = DataPlane(amlocal_server).call("PUT", "", path, {"location": "eastus", "properties": {}})
    assert (answer.status_code, "6 to 62 characters" in answer.text) == (400, True)
    ml_client.online_endpoints.begin_delete(long).result()


def test_what_is_allowed_is_kept_as_it_was_said(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    served = Served(ml_client, tmp_path / "kept", name)
    ours = Environment(name=f"{name}-server", image="any:1", inference_config=own_server(5001, "/score"))
    collector = DataCollector(collections={"request": DeploymentCollection(enabled="false")})
    settings = OnlineRequestSettings(request_timeout_ms=90_000, max_concurrent_requests_per_instance=3)
    served.deploy(
        "kept",
        environment=ours,
        data_collector=collector,
        request_settings=settings,
        app_insights_enabled=True,
        egress_public_network_access="disabled",
        instance_type="STANDARD_NC24ads_A100_v4",
        liveness_probe=ProbeSettings(initial_delay=7),
    )
    read = ml_client.online_deployments.get("kept", name)
    assert (read.app_insights_enabled, read.egress_public_network_access.lower()) == (True, "disabled")
    assert (read.instance_type, read.liveness_probe.initial_delay) == ("STANDARD_NC24ads_A100_v4", 7)
    assert (read.request_settings.request_timeout_ms, read.provisioning_state) == (90_000, "Succeeded")
    assert served.post(azureml_model_deployment="kept").status_code == 200
    served.delete()
