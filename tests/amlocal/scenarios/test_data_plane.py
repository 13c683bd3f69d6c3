"""What mltable and azureml-fsspec ask of the data plane, call by call as their native part was seen to send them."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import AzureBlobDatastore, Data

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer


def section(plane: DataPlane, name: str) -> tuple[str, str, str]:
    """(address of the account, container, signature) of a datastore, put together as these clients do it."""
    told = plane.call("GET", "/datastore/v1.0", f"datastores/{name}").json()
    assert (told["name"], told["dataStoreType"]) == (name, "AzureBlob")
    found = told["azureStorageSection"]
    assert found["credentialType"] == "Sas"
    address = f"{found['protocol']}://{found['accountName']}.blob.{found['endpoint']}"
    return address, found["containerName"], found["credential"]


def test_a_datastore_is_listed_and_read_with_what_the_data_plane_tells(
    ml_client: MLClient, amlocal_server: AmlocalServer, name: str, tmp_path: Path
) -> None:
    for file in ("a.csv", "b.csv", "deep/c.csv"):
        path = tmp_path / "table" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{file},{name}")
    data = ml_client.data.create_or_update(Data(name=name, path=str(tmp_path / "table"), type=AssetTypes.URI_FOLDER))
    address, container, signature = section(DataPlane(amlocal_server), "workspaceblobstore")
    folder = f"{container}/{data.path.partition('/paths/')[2].rstrip('/')}"
    # The account is in the path of the address: its host's first part is taken for the container.
    listing = f"{address}?restype=container&comp=list&maxresults=2&prefix={folder}/&{signature}"
    first = requests.get(listing, timeout=10)
    assert re.findall("<Name>(.*?)</Name>", first.text) == [f"{folder}/a.csv", f"{folder}/b.csv"]
    marker = re.search("<NextMarker>(.*?)</NextMarker>", first.text)
    assert marker
    second = requests.get(f"{listing}&marker={marker[1]}", timeout=10)
    assert re.findall("<Name>(.*?)</Name>", second.text) == [f"{folder}/deep/c.csv"]
    nested = requests.get(f"{listing}&delimiter=/&maxresults=9", timeout=10)
    assert f"<BlobPrefix><Name>{folder}/deep/</Name></BlobPrefix>" in nested.text
    assert requests.get(f"{address}/{folder}/a.csv?{signature}", timeout=10).text == f"a.csv,{name}"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("restype=container&comp=list&prefix=azureml-blobstore/", 401),
        ("restype=container&comp=list&prefix=azureml/&{signature}", 403),
        ("restype=container&comp=list&prefix=&{signature}", 403),
        ("comp=list&{signature}", 400),
    ],
)
def test_a_listing_needs_the_right_signature(amlocal_server: AmlocalServer, query: str, status: int) -> None:
    address, _, signature = section(DataPlane(amlocal_server), "workspaceblobstore")
    assert requests.get(f"{address}?{query.format(signature=signature)}", timeout=10).status_code == status


def test_datastores_without_files_are_told_apart(ml_client: MLClient, amlocal_server: AmlocalServer) -> None:
    plane = DataPlane(amlocal_server)
    name = f"s_{uuid.uuid4().hex[:8]}"
    ml_client.datastores.create_or_update(AzureBlobDatastore(name=name, account_name="elsewhere", container_name="c"))
    refused = plane.call("GET", "/datastore/v1.0", f"datastores/{name}")
    assert refused.status_code == 400
    assert "not one of amlocal's" in refused.json()["error"]["message"]
    listed = [store["name"] for store in plane.call("GET", "/datastore/v1.0", "datastores").json()["value"]]
    assert "workspaceblobstore" in listed
    assert name not in listed
    ml_client.datastores.delete(name)
    assert plane.call("GET", "/datastore/v1.0", "default").json()["name"] == "workspaceblobstore"
    assert plane.call("GET", "/datastore/v1.0", "datastores/missing").status_code == 404


def test_a_version_of_data_is_told(
    ml_client: MLClient, amlocal_server: AmlocalServer, name: str, tmp_path: Path
) -> None:
    (tmp_path / "MLTable").write_text("paths:\n  - pattern: ./*.csv\n")
    made = ml_client.data.create_or_update(
        Data(name=name, version="3", path=str(tmp_path), type=AssetTypes.MLTABLE, skip_validation=True)
    )
    plane = DataPlane(amlocal_server)
    told = plane.call("GET", "/data/v1.0", f"dataversion/{name}/versions/3").json()
    assert told["isV2"] is True
    found = told["dataVersion"]
    assert (found["dataType"], found["dataUri"], found["versionId"]) == ("MLTable", made.path, "3")
    assert plane.call("GET", "/data/v1.0", f"dataversion/{name}/versions/4").status_code == 404


def test_a_job_can_ask_the_data_plane(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    """With the variables that mltable reads, none of which it may find unreadable."""
    script = (
        "import os, urllib.request\n"
        "assert not [part for part in os.environ['NO_PROXY'].split(',') if '::' in part], os.environ['NO_PROXY']\n"
        "workspace = '/'.join(('', 'subscriptions', os.environ['AZUREML_ARM_SUBSCRIPTION'], 'resourceGroups',\n"
        "    os.environ['AZUREML_ARM_RESOURCEGROUP'], 'providers', 'Microsoft.MachineLearningServices', 'workspaces',\n"
        "    os.environ['AZUREML_ARM_WORKSPACE_NAME']))\n"
        "url = os.environ['AZUREML_SERVICE_ENDPOINT'] + '/datastore/v1.0' + workspace + '/default'\n"
        "headers = {'Authorization': 'Bearer ' + os.environ['AZUREML_RUN_TOKEN']}\n"
        "print(urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read().decode())\n"
    )
    job = submit(ml_client, tmp_path / name, "python main.py", script)
    assert await_end(ml_client, job.name).status == "Completed"
