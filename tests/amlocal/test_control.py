"""Pace, faults, recorded requests, reset and the least kind profile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import AmlCompute, Data
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from tests.amlocal import accounts
from tests.amlocal.scenarios.test_core import call, token, workspace_path
from tests.amlocal_server import AmlocalServer


def test_a_fault_has_status_code_and_message_and_is_counted(control: AmlocalServer) -> None:
    path = workspace_path(control)
    control.fault(method="GET", path="workspaces/local$", count=2, status=503, code="ServerBusy", message="Later.")
    bearer = token(control)
    for _ in range(2):
        answer = call(control, path, bearer)
        assert (answer.status_code, answer.json()["error"]) == (503, {"code": "ServerBusy", "message": "Later."})
    assert call(control, path, bearer).status_code == 200
    assert control.faults() == []


def test_throttling_tells_how_long_to_wait(control: AmlocalServer) -> None:
    control.fault(path="workspaces/local$", status=429, code="TooManyRequests", retry_after=7)
    answer = call(control, workspace_path(control), token(control))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_a_delay(control: AmlocalServer) -> None:
    control.fault(path="/healthz", delay=2)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{control.url}/healthz", timeout=0.5)
    assert call(control, "/healthz").status_code == 200


@pytest.mark.parametrize("how", ["drop", "half", "lose"])
def test_broken_connections(control: AmlocalServer, how: str) -> None:
    control.fault(**{"path": "/healthz", how: True})
    with pytest.raises(requests.exceptions.RequestException):
        call(control, "/healthz")
    assert call(control, "/healthz").status_code == 200


def test_a_lost_answer_is_a_write_that_happened(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    bearer = token(control)
    control.fault(method="PUT", path=f"computes/{name}", lose=True)
    body = {"location": "eastus", "properties": {"computeType": "AmlCompute"}}
    body["properties"]["properties"] = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 1}}  # type: ignore[index]
    with pytest.raises(requests.exceptions.RequestException):
        call(control, f"{workspace_path(control)}/computes/{name}", bearer, "PUT", json=body)
    assert ml_client.compute.get(name).name == name


def test_faults_reach_the_blob_service(ml_client: MLClient, control: AmlocalServer) -> None:
    store, key = ml_client.datastores.get("workspaceblobstore"), accounts.read_key(ml_client, control)
    service = BlobServiceClient(f"https://{store.account_name}.blob.core.local", credential=key, retry_total=0)
    control.fault(method="GET", path=r"blob\.core\.local", status=503, code="ServerBusy")
    with pytest.raises(HttpResponseError) as busy:
        list(service.get_container_client(store.container_name).list_blobs())
    assert busy.value.status_code == 503


def test_requests_are_recorded_with_tags(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.forget_requests()
    ml_client.compute.begin_create_or_update(
        AmlCompute(name=name, size="Standard_DS3_v2", tags={"portolan-operation": "7"})
    )
    puts = control.requests("PUT", f"/computes/{name}$")
    assert [(entry["status"], entry["tags"]) for entry in puts] == [(201, {"portolan-operation": "7"})]


def test_unknown_paces_and_faults_are_refused(control: AmlocalServer) -> None:
    for path, body in (("pace", {"*": "slowly"}), ("faults", {"stauts": 500}), ("faults", {"path": "("})):
        with pytest.raises(RuntimeError, match="400"):
            control.control("PUT" if path == "pace" else "POST", path, body)


def test_control_needs_the_secret(amlocal_server: AmlocalServer) -> None:
    answer = requests.get(f"{amlocal_server.url}/_amlocal/requests", timeout=10)
    assert answer.status_code == 401


@pytest.mark.parametrize("own_server", [{"AMLOCAL_CONTROL": ""}], indirect=True)
def test_control_is_off_unless_asked_for(own_server: AmlocalServer) -> None:
    with pytest.raises(RuntimeError, match="ControlIsOff"):
        own_server.requests()


def test_reset_forgets_everything(own_server: AmlocalServer, tmp_path: Path, name: str) -> None:
    env = own_server.env
    from azure.identity import ManagedIdentityCredential

    client = MLClient(
        ManagedIdentityCredential(),
        env["AMLOCAL_SUBSCRIPTION_ID"],
        env["AMLOCAL_RESOURCE_GROUP"],
        env["AMLOCAL_WORKSPACE"],
    )
    path = tmp_path / "file.txt"
    path.write_text("1")
    client.data.create_or_update(Data(name=name, version="1", path=str(path), type=AssetTypes.URI_FILE))
    client.compute.begin_create_or_update(AmlCompute(name=name, size="Standard_DS3_v2")).result()
    own_server.pace("polls:3")
    own_server.fault(path="/healthz", status=500)
    own_server.reset()
    assert own_server.faults() == []
    assert own_server.control("GET", "pace")["pace"] == {"*": "immediate"}
    with pytest.raises(ResourceNotFoundError):
        client.data.get(name, "1")
    assert [compute.name for compute in client.compute.list()] == ["cpu-cluster"]
    assert list((own_server.home / "blobs").glob("??/*")) == []


@pytest.fixture
def least_kind(own_server: AmlocalServer) -> Callable[..., MLClient]:
    from azure.identity import ManagedIdentityCredential

    def make(workspace: str = "local") -> MLClient:
        env = own_server.env
        return MLClient(
            ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], workspace
        )

    return make


@pytest.mark.parametrize("own_server", [{"AMLOCAL_PROFILE": "least-kind"}], indirect=True)
def test_the_least_kind_profile_gives_no_keys_and_uploads_by_identity(
    own_server: AmlocalServer, least_kind: Callable[..., MLClient], name: str, tmp_path: Path
) -> None:
    client = least_kind()
    store = client.datastores.get_default()
    assert store.credentials.type == "None"
    with pytest.raises(HttpResponseError) as refused:
        client.workspaces.get_keys("local")
    assert refused.value.status_code == 403
    path = tmp_path / "file.txt"
    path.write_text("1")
    client.data.create_or_update(Data(name=name, version="1", path=str(path), type=AssetTypes.URI_FILE))
    assert client.data.get(name, "1").version == "1"


@pytest.mark.parametrize("own_server", [{"AMLOCAL_PROFILE": "least-kind"}], indirect=True)
def test_a_datastore_without_keys_is_not_asked_for_them(
    own_server: AmlocalServer, least_kind: Callable[..., MLClient], name: str, tmp_path: Path
) -> None:
    (tmp_path / "file.txt").write_text("1")
    data = Data(name=name, version="1", path=str(tmp_path / "file.txt"), type=AssetTypes.URI_FILE)
    least_kind().data.create_or_update(data)
    assert own_server.requests("POST", "listSecrets") == []


@pytest.mark.parametrize("own_server", [{"AMLOCAL_PROFILE": "least-kind"}], indirect=True)
def test_the_least_kind_profile_refuses_before_it_misses(
    own_server: AmlocalServer, least_kind: Callable[..., MLClient]
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        least_kind("nothing").workspaces.get("nothing")
    assert refused.value.status_code == 403
    assert "AuthorizationFailed" in str(refused.value)
    own_server.pace("polls:1")
    poller = least_kind().compute.begin_create_or_update(AmlCompute(name="slow", size="Standard_DS3_v2"))
    answer = poller.polling_method()._initial_response.http_response
    assert int(answer.headers["Retry-After"]) >= 60
