"""Under another host name, as in a network of containers: blobs are then found by host, not by path."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data
from azure.ai.ml.entities._assets import Code
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from tests.amlocal import accounts
from tests.amlocal_server import AmlocalServer


@pytest.fixture
def named_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AmlocalServer]:
    """Known as `amlocal`; the resolver of this process is told so, as a container network's would be."""
    real = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        is_ours = host == "amlocal" or str(host).endswith(".blob.core.local")
        return real("127.0.0.1" if is_ours else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server = AmlocalServer(tmp_path / "home")
    server.extra["AMLOCAL_PUBLIC_URL"] = f"https://amlocal:{server.port}"
    server.start()
    with server.client_environment():
        yield server
    server.stop()


def test_everything_works_under_another_name(named_server: AmlocalServer, tmp_path: Path) -> None:
    env = named_server.env
    assert env["AMLOCAL_URL"] == f"https://amlocal:{named_server.port}"
    client = MLClient(
        ManagedIdentityCredential(),
        env["AMLOCAL_SUBSCRIPTION_ID"],
        env["AMLOCAL_RESOURCE_GROUP"],
        env["AMLOCAL_WORKSPACE"],
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "main.py").write_text("print()")
    client.data.create_or_update(Data(name="named", version="1", path=str(folder), type="uri_folder"))
    code = client._code.create_or_update(Code(path=str(folder)))
    assert f".blob.core.local:{named_server.port}/" in code.path
    store, key = client.datastores.get("workspaceblobstore"), accounts.read_key(client, named_server)
    service = BlobServiceClient(f"https://{store.account_name}.blob.core.local:{named_server.port}", credential=key)
    names = [blob.name for blob in service.get_container_client(store.container_name).list_blobs()]
    assert [name.rsplit("/", 1)[1] for name in names] == ["main.py"]
