"""What is not here is refused with a sentence: through the SDK's own methods, and for every call that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure.ai.ml._restclient
import pytest
import requests
from azure.ai.ml import MLClient, command, dsl
from azure.ai.ml.data_transfer import Database
from azure.ai.ml.entities import (
    BatchEndpoint,
    ComputeInstance,
    DataImport,
    FqdnDestination,
    ManagedNetwork,
    Model,
    PatTokenConfiguration,
    Registry,
    Workspace,
    WorkspaceConnection,
)
from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError

from amlocal.jobs import kinds
from tests.amlocal.data_plane import VERSION
from tests.amlocal.scenarios.test_core import token
from tests.amlocal_server import AmlocalServer

SECRET = PatTokenConfiguration(pat="x")
CALLS: dict[str, Callable[[MLClient], Any]] = {
    "Schedules": lambda client: list(client.schedules.list()),
    "Batch endpoints": lambda client: client.begin_create_or_update(BatchEndpoint(name="batch")).result(),
    "Batch endpoints, listed": lambda client: list(client.batch_endpoints.list()),
    "Components": lambda client: list(client.components.list()),
    "Workspace connections": lambda client: client.connections.create_or_update(
        WorkspaceConnection(name="c", target="t", type="git", credentials=SECRET)
    ),
    "Feature stores": lambda client: client.workspaces.begin_create(
        Workspace(name="features", location="eastus", kind="featurestore")
    ).result(),
    "Managed networks": lambda client: client.workspaces.begin_create(
        Workspace(
            name="walled", location="eastus", managed_network=ManagedNetwork(isolation_mode="allow_internet_outbound")
        )
    ).result(),
    "Managed networks, provisioned": lambda client: client.workspaces.begin_provision_network(
        workspace_name="local"
    ).result(),
    "Managed networks, ruled": lambda client: client.workspace_outbound_rules.begin_create(
        "local", FqdnDestination(name="r", destination="example.org")
    ).result(),
    "ComputeInstance": lambda client: client.compute.begin_create_or_update(ComputeInstance(name="ci-1")).result(),
    "Compute instances": lambda client: client.compute.begin_stop("ci-1").result(),
    "Compute instances, signed on": lambda client: client.compute.enable_sso(name="ci-1", enable_sso=True),
    "Registries": lambda client: client.registries.begin_create(
        Registry(name="r", location="eastus", replication_locations=[])
    ).result(),
    "Registries, listed": lambda client: list(client.registries.list()),
}


@pytest.mark.parametrize("what", CALLS)
def test_it_answers_501_with_a_sentence(ml_client: MLClient, what: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        CALLS[what](ml_client)
    assert refused.value.status_code == 501
    assert what.split(",")[0] in str(refused.value)
    assert "not in amlocal yet" in str(refused.value)


@dsl.pipeline(compute="cpu-cluster")
def in_line() -> None:
    command(command="true", environment="azureml://registries/azureml/environments/sklearn-1.5/versions/1")()


def test_a_pipeline_that_is_written_in_line_is_refused_as_a_pipeline(ml_client: MLClient) -> None:
    with pytest.raises(HttpResponseError, match="Pipeline jobs are not in amlocal yet") as refused:
        ml_client.jobs.create_or_update(in_line())
    assert "Components" not in str(refused.value)


def test_an_import_of_data_is_refused_as_an_import(ml_client: MLClient) -> None:
    place = "azureml://datastores/workspaceblobstore/paths/x/${{name}}"
    source = Database(connection="azureml:c", query="select 1")
    with pytest.raises(HttpResponseError, match="Imports of data are not in amlocal yet") as refused:
        ml_client.data.import_data(DataImport(name="imported", path=place, source=source))
    assert "Pipeline" not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"jobType": "Command", "command": "python import.py"}, kinds.COMMAND),
        ({"jobType": "Command", "command": "import", "inputs": {"source": {}}}, "Imports of data"),
        ({"jobType": "Pipeline", "jobs": {"a": {"type": "import"}}}, "Imports of data"),
        ({"jobType": "Pipeline", "jobs": {"a": {"type": "data_transfer", "task": "import_data"}}}, "Imports of data"),
        ({"jobType": "Pipeline", "jobs": {"a": {"type": "data_transfer", "task": "copy_data"}}}, "Pipeline jobs"),
        ({"jobType": "Pipeline", "jobs": ["odd", {}]}, "Pipeline jobs"),
        ({"jobType": "Sweep"}, "Sweep jobs"),
    ],
)
def test_a_job_is_called_what_its_sender_calls_it(asked: dict[str, Any], kind: str) -> None:
    assert kinds.name(asked) == kind


def test_a_client_of_a_registry_is_refused(credential: TokenCredential) -> None:
    with pytest.raises(HttpResponseError, match="Registries are not in amlocal yet"):
        MLClient(credential, registry_name="azureml")


def test_sharing_with_a_registry_is_refused(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text(name)
    ml_client.models.create_or_update(Model(name=name, version="1", path=str(tmp_path / "model.txt")))
    with pytest.raises(HttpResponseError, match="Registries are not in amlocal yet"):
        ml_client.models.share(name, "1", share_with_name=name, share_with_version="1", registry_name="r")


# What a workspace of Azure answers and SDK v2 never sends.
UNASKED = (
    "GET /providers/Microsoft.MachineLearningServices/operations",
    "POST .*/listStorageAccountKeys",
    "POST .*/computes/x/listKeys",
    "DELETE .*/jobs/x",
    "PATCH .*/onlineEndpoints/x(/deployments/x)?",
)


def calls_of_the_sdk() -> Iterator[tuple[str, str]]:
    """(method, path) of each request of the SDK's client for ARM, with x for every name."""
    root = Path(azure.ai.ml._restclient.__path__[0]) / "arm_ml_service"
    for file in root.rglob("*.py"):
        for builder in re.split(r"\ndef ", file.read_text()):
            method, url = re.search(r'method="(\w+)"', builder), re.search(r'_url = \(?\s*((?:"[^"]*"\s*)+)', builder)
            if builder.startswith("build_") and method and url:
                yield method[1], re.sub(r"\{\w+\}", "x", "".join(re.findall(r'"([^"]*)"', url[1])))


def test_every_call_of_the_sdk_is_answered_or_refused_by_name(amlocal_server: AmlocalServer) -> None:
    """The workspace `x` is missing: whatever is in the table says so, or 501."""
    calls = sorted(set(calls_of_the_sdk()))
    if not calls:
        pytest.skip("this release of the SDK has another client")
    assert len(calls) > 200
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token(amlocal_server)}"
        unknown = []
        for method, path in calls:
            answer = session.request(method, f"{amlocal_server.url}{path}", params=VERSION, timeout=10)
            if answer.status_code == 405 or "amlocal knows no" in answer.text:
                unknown.append(f"{method} {path}")
    assert not [call for call in unknown if not any(re.fullmatch(known, call) for known in UNASKED)]
