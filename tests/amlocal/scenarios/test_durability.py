"""kill -9 at random moments under a write load: no answered write is lost, nothing half-made is visible."""

from __future__ import annotations

import collections
import hashlib
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute
from azure.ai.ml.entities._assets import Code
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.amlocal import accounts
from tests.amlocal.data_plane import VERSION, DataPlane
from tests.amlocal_server import AmlocalServer, free_port, wait_for

KILLS = int(os.environ.get("AMLOCAL_KILLS", "5"))
METRICS = 5
FINAL = ("Completed", "Failed")


class Load:
    """Writes all sorts of things until the server dies, each sort in its own thread; remembers in `answered` what was
    answered, by sort. What was not answered may be there or not, but never by half."""

    def __init__(self, server: AmlocalServer, container: ContainerClient, experiment: str) -> None:
        self._plane, self._container, self._experiment = DataPlane(server), container, experiment
        self._run = ""
        self.answered: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
        self.refusals: list[str] = []
        writers = (self.data, self.models, self.blobs, self.batches, self.jobs, self.endpoints, self.workspaces)
        self.threads = [threading.Thread(target=self._write, args=(writer,)) for writer in writers]
        for thread in self.threads:
            thread.start()

    def _write(self, writer: Callable[[], tuple[str, str]]) -> None:
        try:
            while True:
                self.answered[writer.__name__].append(writer())
        except AssertionError as exc:
            self.refusals.append(f"{writer.__name__}: {exc}")
        except Exception:
            # The server was killed: whatever the client raises, it was not answered.
            return

    def _put(self, path: str, properties: dict[str, Any], **more: Any) -> None:
        answer = self._plane.call("PUT", "", path, {"properties": properties, **more})
        assert answer.status_code in (200, 201), answer.text

    def data(self) -> tuple[str, str]:
        name, told = _name("d"), str(uuid.uuid4())
        uri = "https://example.org/x"
        self._put(f"data/{name}/versions/1", {"dataType": "uri_file", "dataUri": uri, "description": told})
        return name, told

    def models(self) -> tuple[str, str]:
        name, told = _name("m"), str(uuid.uuid4())
        uri = "azureml://datastores/workspaceblobstore/paths/model"
        self._put(f"models/{name}/versions/1", {"modelType": "custom_model", "modelUri": uri, "description": told})
        return name, told

    def blobs(self) -> tuple[str, str]:
        """In one piece, or in blocks."""
        content = os.urandom(random.choice([100, 70_000, 400_000]))
        digest = hashlib.sha256(content).hexdigest()
        self._container.upload_blob(f"load/{digest}", content)
        return f"load/{digest}", digest

    def batches(self) -> tuple[str, str]:
        """A run takes 200 params at most."""
        if len(self.answered["batches"]) % 150 == 0:
            run = self._plane.mlflow("runs/create", {"experiment_id": self._experiment, "start_time": 1})
            self._run = run["run"]["info"]["run_id"]
        key = _name("k")
        metrics = [{"key": key, "value": step, "step": step, "timestamp": 1} for step in range(METRICS)]
        told = {"params": [{"key": key, "value": key}], "tags": [{"key": key, "value": key}], "metrics": metrics}
        self._plane.mlflow("runs/log-batch", {"run_id": self._run, **told})
        return key, self._run

    def jobs(self) -> tuple[str, str]:
        """Real processes: not many at once."""
        name = _name("j")
        self._put(f"jobs/{name}", {"jobType": "Command", "command": "true", "environmentId": "azureml://none"})
        while self._status(name) not in FINAL:
            time.sleep(0.05)
        return name, ""

    def _status(self, job: str) -> str:
        return str(self._plane.call("GET", "", f"jobs/{job}").json()["properties"]["status"])

    def endpoints(self) -> tuple[str, str]:
        name = _name("e")
        self._put(f"onlineEndpoints/{name}", {"authMode": "Key"}, location="eastus")
        return name, ""

    def workspaces(self) -> tuple[str, str]:
        """Made and deleted again."""
        name = _name("w")
        plane = self._plane.beside(name)
        answer = plane.call("PUT", "", "", {"location": "eastus", "properties": {}})
        assert answer.status_code == 201, answer.text
        self.answered["made"].append((name, ""))
        answer = plane.call("DELETE", "", "")
        assert answer.status_code in (200, 202), answer.text
        return name, ""


def _name(letter: str) -> str:
    return f"{letter}{uuid.uuid4().hex[:10]}"


@pytest.fixture
def container(own_server: AmlocalServer) -> ContainerClient:
    env = own_server.env
    client = MLClient(ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
    store = client.datastores.get("workspaceblobstore")
    service = BlobServiceClient(
        f"https://{store.account_name}.blob.core.local",
        credential=accounts.read_key(client, own_server),
        retry_total=0,
        max_single_put_size=128 * 1024,
        max_block_size=64 * 1024,
    )
    return service.get_container_client(store.container_name)


@pytest.mark.slow
@pytest.mark.parametrize("own_server", [{"AMLOCAL_QUOTAS": "endpoints=1000000"}], indirect=True)
def test_no_answered_write_is_lost(own_server: AmlocalServer, container: ContainerClient) -> None:
    container.upload_blob("model", b"model")
    plane = DataPlane(own_server)
    experiment = plane.mlflow("experiments/create", {"name": "load"})["experiment_id"]
    answered: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
    for _ in range(KILLS):
        load = Load(own_server, container, experiment)
        load.threads[0].join(random.uniform(0.2, 1.5))
        own_server.kill()
        for thread in load.threads:
            thread.join(20)
        own_server.start()
        assert load.refusals == []
        for sort, written in load.answered.items():
            answered[sort] += written
    for sort in ("data", "models", "blobs", "batches", "endpoints", "made"):
        assert answered[sort], f"no {sort} were written: the load is too small"
    _check_assets(plane, answered)
    _check_blobs(container, answered["blobs"])
    for run in {run for _, run in answered["batches"]}:
        _check_batches(plane, run, {key for key, own in answered["batches"] if own == run})
    _check_jobs_and_endpoints(plane, answered)
    _check_workspaces(own_server, plane, answered)


def _check_assets(plane: DataPlane, answered: dict[str, list[tuple[str, str]]]) -> None:
    for sort in ("data", "models"):
        for name, told in answered[sort]:
            found = plane.call("GET", "", f"{sort}/{name}/versions/1").json()
            assert found["properties"]["description"] == told
            # The version and its container came together.
            assert plane.call("GET", "", f"{sort}/{name}").ok


def _check_blobs(container: ContainerClient, answered: list[tuple[str, str]]) -> None:
    there = {blob.name for blob in container.list_blobs("load/")}
    assert {name for name, _ in answered} <= there
    for name in there:
        content = container.download_blob(name).readall()
        assert name == f"load/{hashlib.sha256(content).hexdigest()}"


def _check_batches(plane: DataPlane, run: str, answered: set[str]) -> None:
    """Of a batch everything is there or nothing."""
    data = plane.mlflow("runs/get", run_id=run)["run"]["data"]
    told = [{item["key"] for item in data[part]} for part in ("params", "metrics")]
    tags = {item["key"] for item in data["tags"] if item["key"].startswith("k")}
    assert told[0] == told[1] == tags
    assert answered <= tags
    for key in tags:
        history = plane.mlflow("metrics/get-history", run_id=run, metric_key=key)["metrics"]
        assert [point["step"] for point in history] == list(range(METRICS))


def _check_jobs_and_endpoints(plane: DataPlane, answered: dict[str, list[tuple[str, str]]]) -> None:
    """Every job that is there ends, with a reason where it fails; every endpoint has its keys."""

    def unfinished() -> list[str]:
        found = plane.call("GET", "", "jobs", listViewType="All").json()["value"]
        return [job["name"] for job in found if job["properties"]["status"] not in FINAL]

    wait_for(lambda: not unfinished(), seconds=60)
    for name, _ in answered["jobs"]:
        assert plane.details(name)["status"] in FINAL
    for job in plane.call("GET", "", "jobs", listViewType="All").json()["value"]:
        details = plane.details(job["name"])
        assert details["status"] == "Completed" or details["error"]["error"]["message"]
    for name, _ in answered["endpoints"]:
        assert plane.call("GET", "", f"onlineEndpoints/{name}").json()["properties"]["provisioningState"] == "Succeeded"
    for endpoint in plane.call("GET", "", "onlineEndpoints").json()["value"]:
        keys = plane.call("POST", "", f"onlineEndpoints/{endpoint['name']}/listKeys").json()
        assert keys["primaryKey"] != keys["secondaryKey"]


def _check_workspaces(server: AmlocalServer, plane: DataPlane, answered: dict[str, list[tuple[str, str]]]) -> None:
    """A whole one, or none at all; one whose deletion was answered goes."""

    def there() -> dict[str, str]:
        url = f"{server.url}{plane.workspace.rpartition('/')[0]}"
        found = requests.get(url, params=VERSION, headers=plane.headers, timeout=30).json()["value"]
        return {workspace["name"]: workspace["properties"]["provisioningState"] for workspace in found}

    wait_for(lambda: set(there().values()) == {"Succeeded"}, seconds=60)
    deleted = {name for name, _ in answered["workspaces"]}
    assert not deleted & set(there())
    # Each was deleted at once: at most the last one of each round is left.
    assert len(there()) <= KILLS + 1
    for name in there():
        other = plane.beside(name)
        assert len(other.call("GET", "", "datastores").json()["value"]) == 4
        assert other.call("POST", "", "datastores/workspaceblobstore/listSecrets", {}).json()["key"]


def test_an_operation_goes_on_after_a_kill(own_server: AmlocalServer) -> None:
    env = own_server.env
    client = MLClient(ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
    own_server.pace("seconds:5")
    client.compute.begin_create_or_update(AmlCompute(name="created", size="Standard_DS3_v2"))
    client.compute.begin_delete("cpu-cluster")
    own_server.kill()
    own_server.start()
    assert client.compute.get("created").provisioning_state == "Creating"
    wait_for(lambda: client.compute.get("created").provisioning_state == "Succeeded")
    wait_for(lambda: [compute.name for compute in client.compute.list()] == ["created"])


def test_a_changed_port_breaks_nothing_stored(own_server: AmlocalServer, tmp_path: Path) -> None:
    source = tmp_path / "code"
    source.mkdir()
    (source / "main.py").write_text("print()")
    env = own_server.env
    connect = {
        "subscription_id": env["AMLOCAL_SUBSCRIPTION_ID"],
        "resource_group_name": "amlocal",
        "workspace_name": "local",
    }
    code = MLClient(ManagedIdentityCredential(), **connect)._code.create_or_update(Code(path=str(source)))
    own_server.stop()
    own_server.port = free_port()
    own_server.start()
    with own_server.client_environment():
        client = MLClient(ManagedIdentityCredential(), **connect)
        found = client._code.get(code.name, code.version)
        assert f"localhost:{own_server.port}/" in found.path
        store, key = client.datastores.get("workspaceblobstore"), accounts.read_key(client, own_server)
        service = BlobServiceClient(f"https://{store.account_name}.blob.core.local", credential=key)
        container, _, name = found.path.split(".blob.core.local/")[1].partition("/")
        blob = next(iter(service.get_container_client(container).list_blobs(name)))
        assert service.get_blob_client(container, blob.name).download_blob().readall() == b"print()"
