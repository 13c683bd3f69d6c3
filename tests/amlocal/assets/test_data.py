"""Data assets, datastores and codes through the SDK: upload, versions, archive, download, no second upload of the
same."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import AccountKeyConfiguration, AzureBlobDatastore, Data
from azure.ai.ml.entities._assets import Code
from azure.ai.ml.exceptions import MlException
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from tests.amlocal import accounts
from tests.amlocal_server import AmlocalServer


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    (path / "unique.txt").write_text(uuid.uuid4().hex)
    for name, content in files.items():
        (path / f"{name}.txt").write_text(content)
    return path


def test_a_folder_is_uploaded_and_read_back(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    source = folder(tmp_path / "source", one="1", two="2")
    made = ml_client.data.create_or_update(
        Data(name=name, version="7", path=str(source), type=AssetTypes.URI_FOLDER, description="d", tags={"a": "b"})
    )
    found = ml_client.data.get(name, "7")
    assert found.path == made.path
    assert found.path.startswith("azureml://subscriptions/")
    assert (found.description, found.tags, found.type) == ("d", {"a": "b"}, "uri_folder")
    assert found.creation_context.created_at.microsecond > 0
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    download_artifact_from_aml_uri(found.path, str(tmp_path / "target"), ml_client.datastores)
    assert (tmp_path / "target" / "two.txt").read_text() == "2"


def test_versions_count_on_and_latest_is_the_newest(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    for text in ("first", "second", "third"):
        path = tmp_path / f"{text}.txt"
        path.write_text(text + uuid.uuid4().hex)
        ml_client.data.create_or_update(Data(name=name, path=str(path), type=AssetTypes.URI_FILE))
    assert [data.version for data in ml_client.data.list(name)] == ["3", "2", "1"]
    assert ml_client.data.get(name, label="latest").version == "3"
    assert name in [data.name for data in ml_client.data.list()]


def test_archived_ones_are_not_listed(ml_client: MLClient, name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text(uuid.uuid4().hex)
    for version in ("1", "2"):
        ml_client.data.create_or_update(Data(name=name, version=version, path=str(path), type=AssetTypes.URI_FILE))
    ml_client.data.archive(name, version="1")
    assert [data.version for data in ml_client.data.list(name)] == ["2"]
    ml_client.data.restore(name, version="1")
    assert len(list(ml_client.data.list(name))) == 2
    ml_client.data.archive(name)
    assert name not in [data.name for data in ml_client.data.list()]


def test_a_version_keeps_its_path(ml_client: MLClient, name: str) -> None:
    for path, is_first in (("https://example.org/a.csv", True), ("https://example.org/b.csv", False)):
        asset = Data(name=name, version="1", path=path, type=AssetTypes.URI_FILE)
        if is_first:
            ml_client.data.create_or_update(asset)
            continue
        with pytest.raises((MlException, HttpResponseError)):
            ml_client.data.create_or_update(asset)
    assert ml_client.data.get(name, "1").path == "https://example.org/a.csv"


def test_lists_cross_pages(ml_client: MLClient, name: str) -> None:
    for number in range(130):
        path = f"https://example.org/{number}.csv"
        ml_client.data.create_or_update(Data(name=name, version=str(number), path=path, type=AssetTypes.URI_FILE))
    assert [data.version for data in ml_client.data.list(name)] == [str(number) for number in range(129, -1, -1)]


def test_the_same_code_is_uploaded_once(ml_client: MLClient, control: AmlocalServer, tmp_path: Path) -> None:
    source = folder(tmp_path / "code", main="print()")
    first = ml_client._code.create_or_update(Code(path=str(source)))
    control.forget_requests()
    second = ml_client._code.create_or_update(Code(path=str(source)))
    assert (first.name, first.version) == (second.name, second.version)
    assert control.requests("PUT") == []
    (source / "main.txt").write_text("print(1)")
    third = ml_client._code.create_or_update(Code(path=str(source)))
    assert third.name != first.name
    # Two files, and the confirmation on the first of them.
    blobs = [entry for entry in control.requests("PUT") if "blob.core" in entry["path"]]
    assert [entry["status"] for entry in blobs] == [201, 201, 200]


def test_stored_addresses_have_no_port(ml_client: MLClient, amlocal_server: AmlocalServer, tmp_path: Path) -> None:
    code = ml_client._code.create_or_update(Code(path=str(folder(tmp_path / "code"))))
    assert f"localhost:{amlocal_server.port}" in code.path
    import sqlite3

    with sqlite3.connect(amlocal_server.home / "amlocal.db") as connection:
        stored = [row[0] for row in connection.execute("SELECT body FROM resources")]
    connection.close()
    assert stored
    assert not [body for body in stored if str(amlocal_server.port) in body]


def test_the_default_datastores_are_there(ml_client: MLClient) -> None:
    assert ml_client.datastores.get_default().name == "workspaceblobstore"
    found = {store.name: store.type for store in ml_client.datastores.list()}
    assert found["workspaceblobstore"] == found["workspaceartifactstore"] == "AzureBlob"
    assert len(found) == 4


def test_a_datastore_of_ones_own(ml_client: MLClient, amlocal_server: AmlocalServer, name: str) -> None:
    first, key = ml_client.datastores.get("workspaceblobstore"), accounts.read_key(ml_client, amlocal_server)
    name = name.replace("-", "_")
    service = BlobServiceClient(f"https://{first.account_name}.blob.core.local", credential=key)
    service.create_container(name.replace("_", "-"))
    own = AzureBlobDatastore(
        name=name,
        account_name=first.account_name,
        container_name=name.replace("_", "-"),
        credentials=AccountKeyConfiguration(account_key=key),
    )
    ml_client.datastores.create_or_update(own)
    assert ml_client.datastores.get(name).account_name == first.account_name
    assert accounts.read_key(ml_client, amlocal_server, name) == key
    ml_client.datastores.delete(name)
    with pytest.raises(ResourceNotFoundError):
        ml_client.datastores.get(name)
