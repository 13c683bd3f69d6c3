"""kill -9 at random moments under a write load: no answered write is lost, nothing half-made is visible."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import uuid
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute
from azure.ai.ml.entities._assets import Code
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.amlocal import accounts
from tests.amlocal.data_plane import VERSION
from tests.amlocal.test_core import token, workspace_path
from tests.amlocal_server import AmlocalServer, free_port, wait_for

KILLS = int(os.environ.get("AMLOCAL_KILLS", "10"))
WRITERS = 4


class Load:
    """Writes versions and blobs until the server dies; remembers those that were answered."""

    def __init__(self, server: AmlocalServer, container: ContainerClient, bearer: str) -> None:
        self._base = f"{server.url}{workspace_path(server)}"
        self._container = container
        self._headers = {"Authorization": f"Bearer {bearer}"}
        self.versions: list[tuple[str, str]] = []
        self.blobs: list[tuple[str, str]] = []
        self.threads = [threading.Thread(target=self._run, args=(kind,)) for kind in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def _run(self, kind: int) -> None:
        session = requests.Session()
        try:
            while True:
                self._write_blob() if kind % 2 else self._write_version(session)
        except Exception:
            # The server was killed: what was not answered may be there or not.
            return

    def _write_version(self, session: requests.Session) -> None:
        name, uri = f"d{uuid.uuid4().hex[:10]}", f"https://example.org/{uuid.uuid4()}"
        answer = session.put(
            f"{self._base}/data/{name}/versions/1",
            json={"properties": {"dataType": "uri_file", "dataUri": uri}},
            params=VERSION,
            headers=self._headers,
            timeout=10,
        )
        if answer.status_code == 201:
            self.versions.append((name, uri))

    def _write_blob(self) -> None:
        content = os.urandom(random.choice([100, 70_000, 400_000]))
        digest = hashlib.sha256(content).hexdigest()
        self._container.upload_blob(f"load/{digest}", content)
        self.blobs.append((f"load/{digest}", digest))


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
def test_no_answered_write_is_lost(own_server: AmlocalServer, container: ContainerClient) -> None:
    bearer = token(own_server)
    versions: list[tuple[str, str]] = []
    blobs: list[tuple[str, str]] = []
    for _ in range(KILLS):
        load = Load(own_server, container, bearer)
        load.threads[0].join(random.uniform(0.05, 0.6))
        own_server.kill()
        for thread in load.threads:
            thread.join(20)
        own_server.start()
        versions += load.versions
        blobs += load.blobs
    assert len(versions) > KILLS
    assert len(blobs) > KILLS
    session = requests.Session()
    session.params = VERSION
    for name, uri in versions:
        url = f"{own_server.url}{workspace_path(own_server)}/data/{name}/versions/1"
        answer = session.get(url, headers={"Authorization": f"Bearer {bearer}"}, timeout=10)
        assert answer.json()["properties"]["dataUri"] == uri
        # The version and its container came together.
        assert session.get(url.rsplit("/", 2)[0], headers={"Authorization": f"Bearer {bearer}"}, timeout=10).ok
    there = {blob.name for blob in container.list_blobs("load/")}
    assert {name for name, _ in blobs} <= there
    for name in there:
        content = container.download_blob(name).readall()
        assert name == f"load/{hashlib.sha256(content).hexdigest()}"


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
