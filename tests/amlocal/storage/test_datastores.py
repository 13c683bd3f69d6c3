"""Datastores of every type through the SDK: records with secrets, and a clear refusal where no files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.ai.ml import Input, MLClient, Output
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import (
    AccountKeyConfiguration,
    AzureBlobDatastore,
    AzureDataLakeGen1Datastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    Data,
    Datastore,
    OneLakeArtifact,
    OneLakeDatastore,
    SasTokenConfiguration,
    ServicePrincipalConfiguration,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal import shapes
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer

PRINCIPAL = ServicePrincipalConfiguration(
    tenant_id="00000000-0000-0000-0000-000000000001",
    client_id="00000000-0000-0000-0000-000000000002",
    client_secret="a secret",
)
KEY = AccountKeyConfiguration(account_key="a2V5")
STORES: dict[str, Datastore] = {
    "blob_of_others": AzureBlobDatastore(
        name="blob_of_others", account_name="elsewhere", container_name="c", protocol="wasbs", credentials=KEY
    ),
    "blob_without_key": AzureBlobDatastore(name="blob_without_key", account_name="elsewhere", container_name="c"),
    "share": AzureFileDatastore(
        name="share",
        account_name="elsewhere",
        file_share_name="s",
        credentials=SasTokenConfiguration(sas_token="?sig=x"),
    ),
    "lake_one": AzureDataLakeGen1Datastore(name="lake_one", store_name="lake", credentials=PRINCIPAL),
    "lake_two": AzureDataLakeGen2Datastore(
        name="lake_two", account_name="elsewhere", filesystem="f", credentials=PRINCIPAL, tags={"a": "b"}
    ),
    "one_lake": OneLakeDatastore(
        name="one_lake",
        one_lake_workspace_name="00000000-0000-0000-0000-000000000003",
        endpoint="onelake.dfs.fabric.microsoft.com",
        artifact=OneLakeArtifact(name="house.Lakehouse/Files"),
    ),
}


@pytest.fixture(autouse=True)
def clean(ml_client: MLClient) -> Iterator[None]:
    yield
    for name in STORES:
        ml_client.datastores.delete(name)


def secret_of(store: Datastore) -> str | None:
    credentials = store.credentials
    names = ("account_key", "sas_token", "client_secret")
    return next((getattr(credentials, name) for name in names if getattr(credentials, name, None)), None)


@pytest.mark.parametrize("name", STORES)
def test_a_datastore_of_any_type_is_a_record_with_secrets(
    ml_client: MLClient, amlocal_server: AmlocalServer, name: str
) -> None:
    wanted = STORES[name]
    ml_client.create_or_update(wanted)
    found = ml_client.datastores.get(name, include_secrets=True)
    assert (found.type, found.tags) == (wanted.type, wanted.tags or {})
    for field in ("account_name", "container_name", "file_share_name", "store_name", "filesystem", "protocol"):
        assert getattr(found, field, None) == getattr(wanted, field, None)
    assert secret_of(found) == secret_of(wanted)
    assert secret_of(ml_client.datastores.get(name)) is None
    wire = DataPlane(amlocal_server).call("GET", "", f"datastores/{name}").json()
    assert shapes.check("Datastore", wire) == []
    assert ml_client.datastores.create_or_update(found).name == name
    assert name in [store.name for store in ml_client.datastores.list()]
    ml_client.datastores.delete(name)
    with pytest.raises(ResourceNotFoundError):
        ml_client.datastores.get(name)


def test_a_job_on_a_datastore_without_files_fails_with_a_sentence(ml_client: MLClient) -> None:
    for name, reason in (("share", "is of type AzureFile"), ("blob_of_others", "which is not one of amlocal's")):
        ml_client.datastores.create_or_update(STORES[name])
        path = f"azureml://datastores/{name}/paths/folder"
        job = submit(ml_client, None, "ls ${{inputs.files}}", inputs={"files": Input(type="uri_folder", path=path)})
        assert await_end(ml_client, job.name).status == "Failed"
        with pytest.raises(Exception, match=reason):
            ml_client.jobs.stream(job.name)


def test_an_output_that_has_no_place_fails_before_the_work(ml_client: MLClient) -> None:
    ml_client.datastores.create_or_update(STORES["lake_two"])
    path = "azureml://datastores/lake_two/paths/folder"
    asked = Output(type="uri_folder", path=path)
    job = submit(ml_client, None, "touch ${{outputs.out}}/file; echo worked", outputs={"out": asked})
    assert await_end(ml_client, job.name).status == "Failed"
    with pytest.raises(Exception, match="The output 'out' cannot be written: The datastore lake_two is of type"):
        ml_client.jobs.stream(job.name)
    direct = Output(type="uri_folder", path=path, mode="direct")
    job = submit(ml_client, None, "echo ${{outputs.out}}", outputs={"out": direct})
    assert await_end(ml_client, job.name).status == "Completed"


def test_data_may_be_registered_on_any_datastore(ml_client: MLClient, name: str) -> None:
    ml_client.datastores.create_or_update(STORES["lake_two"])
    path = "azureml://datastores/lake_two/paths/folder/"
    made = ml_client.data.create_or_update(Data(name=name, path=path, type=AssetTypes.URI_FOLDER))
    assert made.path.endswith("/datastores/lake_two/paths/folder/")


def test_a_datastore_of_the_workspace_keeps_its_place(ml_client: MLClient) -> None:
    first = ml_client.datastores.get("workspaceblobstore")
    assert isinstance(first, AzureBlobDatastore)
    moved = AzureBlobDatastore(
        name="workspaceblobstore", account_name=first.account_name, container_name="another", credentials=KEY
    )
    with pytest.raises(HttpResponseError, match="only its credentials can change"):
        ml_client.datastores.create_or_update(moved)
    with pytest.raises(HttpResponseError, match="cannot be deleted"):
        ml_client.datastores.delete("workspaceblobstore")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"datastoreType": "Glacier"}, "is not a type of datastore"),
        ({"datastoreType": "AzureFile", "accountName": "a"}, "needs fileShareName"),
        (
            {"datastoreType": "AzureDataLakeGen1", "storeName": "s", "credentials": {"credentialsType": "Magic"}},
            "no type of credentials",
        ),
        (
            {"datastoreType": "AzureDataLakeGen1", "storeName": "s", "credentials": {"credentialsType": "AccountKey"}},
            "need key",
        ),
    ],
)
def test_what_a_datastore_must_say(amlocal_server: AmlocalServer, properties: dict[str, Any], reason: str) -> None:
    answer = DataPlane(amlocal_server).call("PUT", "", "datastores/wrong", {"properties": properties})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]
