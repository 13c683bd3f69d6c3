"""The folder with all the state: odd names, other places, damage, a full disk, and the commands in each state of the
server."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute, Data
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.amlocal import accounts
from tests.amlocal.scenarios.test_core import call, token, workspace_path
from tests.amlocal.scenarios.test_strangers import run
from tests.amlocal_server import ROOT, AmlocalServer, free_port, wait_for


def connect(server: AmlocalServer) -> MLClient:
    env = server.env
    names = (env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], env["AMLOCAL_WORKSPACE"])
    return MLClient(ManagedIdentityCredential(), *names)


def open_container(client: MLClient, server: AmlocalServer) -> ContainerClient:
    store = client.datastores.get("workspaceblobstore")
    url = f"https://{store.account_name}.blob.{store.endpoint}"
    service = BlobServiceClient(url, credential=accounts.read_key(client, server), retry_total=0)
    return service.get_container_client(store.container_name)


def refusal(server: AmlocalServer, *words: str, **more: str) -> str:
    """What a command says that cannot do its work: one sentence, exit code 2."""
    answer = run(server, *words, **more)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stderr


def test_each_command_knows_each_state(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "home")
    assert "No amlocal is running" in run(server, "status").stdout
    assert (run(server, "down").returncode, run(server, "reset").returncode) == (0, 0)
    assert "There is no log" in refusal(server, "logs")
    assert "which port" in refusal(server, "env", AMLOCAL_PORT="0")
    server.start()
    assert "already running" in refusal(server, "up")
    assert "already running" in refusal(server, "up", "--detach")
    assert "stop it first" in refusal(server, "reset")
    assert run(server, "status").returncode == 0
    server.kill()
    # What the dead one said about itself does not count, however its pid is used by now.
    assert (server.home / "server.json").exists()
    assert run(server, "status").returncode == 1
    assert "No amlocal is running" in run(server, "down").stdout
    assert run(server, "logs").returncode == 0


def test_a_server_that_is_not_ready_yet_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "home")
    holding = (
        "from amlocal import holders, settings; import time\n"
        "with holders.having(settings.read()): print('has it', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holding], cwd=ROOT, env=server.settings(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "has it\n"
        status = run(server, "status")
        assert (status.returncode, f"process {process.pid}" in status.stdout) == (1, True)
        assert run(server, "down").returncode == 0
        assert process.wait(10) != 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("name", ["with space", "ünï-cödé", 'a\'b "c" $d #e', "100%?x=1"])
def test_the_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    server = AmlocalServer(tmp_path / name)
    server.start()
    try:
        assert call(server, "/healthz", verify=str(server.home / "tls" / "ca-bundle.pem")).ok
        assert run(server, "status").returncode == 0
        assert "ready" in run(server, "logs").stdout
        assert "no log of nothing" in refusal(server, "logs", "nothing")
        bundle = str(server.home / "tls" / "ca-bundle.pem")
        text = run(server, "env").stdout
        shell = subprocess.run(
            ["sh", "-c", f'{text}\nprintf %s "$REQUESTS_CA_BUNDLE"'], capture_output=True, text=True, check=True
        )
        assert shell.stdout == bundle
        assert json.loads(run(server, "env", "--format", "json").stdout)["REQUESTS_CA_BUNDLE"] == bundle
        quoted = bundle.replace("'", "''")
        assert f"$Env:REQUESTS_CA_BUNDLE = '{quoted}'" in run(server, "env", "--format", "powershell").stdout
    finally:
        server.stop()


def test_a_dotenv_line_is_quoted_where_it_must_be() -> None:
    from amlocal import environ

    values = {"A": "https://x:1/y", "B": "a b#c", "C": 'it\'s "so" \\', "D": ""}
    assert environ.render(values, "dotenv").splitlines() == [
        "A=https://x:1/y",
        "B='a b#c'",
        'C="it\'s \\"so\\" \\\\"',
        "D=",
    ]
    assert environ.render({"A": "it\u2019s"}, "powershell") == "$Env:A = 'it\u2019\u2019s'"


@pytest.mark.parametrize("damage", ["ca.pem", "server.pem", "server.key", "server.json", "ca.key"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_a_damaged_certificate_is_made_again(tmp_path: Path, damage: str, content: bytes | None) -> None:
    """Without a server around it: a start is the same function."""
    import ssl

    from amlocal import settings
    from amlocal.web import tls

    given = settings.read({"AMLOCAL_HOME": str(tmp_path / "home")})
    tls.server_context(given)
    before = (given.home / "tls" / "ca.pem").read_bytes()
    path = given.home / "tls" / damage
    path.unlink() if content is None else path.write_bytes(content)
    tls.server_context(given)
    trust = ssl.create_default_context(cafile=str(given.ca_bundle))
    assert any("amlocal own certificate authority" in str(found["subject"]) for found in trust.get_ca_certs())
    # Clients need a new bundle only when the authority itself was damaged.
    is_same = (given.home / "tls" / "ca.pem").read_bytes() == before
    assert is_same == (damage not in ("ca.pem",))


def test_a_home_that_cannot_be_one_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be a folder" in refusal(AmlocalServer(tmp_path / "file" / "home"), "up")
    server = AmlocalServer(tmp_path / "home")
    assert run(server, "env").returncode == 0
    (server.home / "secret").write_text("")
    assert "delete it" in refusal(server, "up")
    (server.home / "secret").unlink()
    (server.home / "amlocal.db").write_text("this is no database, whatever it may look like" * 100)
    assert "database" in refusal(server, "up")


def test_an_open_address_needs_a_secret_that_is_not_short(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "home")
    for given in ({}, {"AMLOCAL_SECRET": "short"}):
        for address in ("0.0.0.0", "::", "192.0.2.1"):
            assert "AMLOCAL_SECRET" in refusal(server, "up", AMLOCAL_BIND=address, **given)
    for name, value in (("AMLOCAL_PORT", "70000"), ("AMLOCAL_PORT", "1.5"), ("AMLOCAL_PUBLIC_URL", "http://x")):
        assert value in refusal(server, "up", **{name: value})


def test_it_listens_on_the_other_loopback_too(tmp_path: Path) -> None:
    import socket

    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = AmlocalServer(tmp_path / "home", {"AMLOCAL_BIND": "::1"})
    server.start()
    try:
        assert run(server, "status").returncode == 0
        assert requests.get(f"https://[::1]:{server.port}/healthz", verify=server.ca_bundle, timeout=10).ok
    finally:
        server.stop()


@pytest.fixture
def full(own_server: AmlocalServer) -> Iterator[int]:
    """The pid of the server, to forbid its files to grow by `resource.prlimit`: what it is told is that of a full
    disk."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs prlimit")
    assert own_server.process is not None
    yield own_server.process.pid
    resource.prlimit(own_server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_a_full_disk_is_told_and_leaves_nothing_half_made(own_server: AmlocalServer, full: int, tmp_path: Path) -> None:
    client = connect(own_server)
    container = open_container(client, own_server)
    container.upload_blob("before", b"b" * 50_000)
    files = set((own_server.home / "blobs").glob("??/*"))
    hard = resource.prlimit(full, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(full, resource.RLIMIT_FSIZE, (10_000, hard))
    for write in (
        lambda: container.upload_blob("before", b"a" * 50_000, overwrite=True),
        lambda: container.upload_blob("new", b"a" * 50_000),
        lambda: container.upload_blob("small", b"a"),
        lambda: container.get_blob_client("blocks").stage_block("YQ==", b"a" * 50_000),
    ):
        with pytest.raises(HttpResponseError) as refused:
            write()
        assert (refused.value.status_code, refused.value.error_code) == (413, "InsufficientStorage")
    body = {"properties": {"dataType": "uri_file", "dataUri": "https://example.org/x"}}
    path = f"{workspace_path(own_server)}/data/d/versions/1?api-version=2023-04-01"
    answer = call(own_server, path, token(own_server), "PUT", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "InsufficientStorage")
    # Reading goes on.
    assert container.download_blob("before").readall() == b"b" * 50_000
    assert set((own_server.home / "blobs").glob("??/*")) == files
    resource.prlimit(full, resource.RLIMIT_FSIZE, (hard, hard))
    container.upload_blob("new", b"c")
    assert [blob.name for blob in container.list_blobs()] == ["before", "new"]
    assert call(own_server, path, token(own_server), "PUT", json=body).status_code == 201


def test_operations_go_on_when_a_full_disk_has_room_again(own_server: AmlocalServer, full: int) -> None:
    client = connect(own_server)
    own_server.pace("seconds:1")
    client.compute.begin_create_or_update(AmlCompute(name="created", size="Standard_DS3_v2"))
    hard = resource.prlimit(full, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(full, resource.RLIMIT_FSIZE, (10_000, hard))
    wait_for(lambda: "could not be taken further" in (own_server.home / "stderr.txt").read_text())
    resource.prlimit(full, resource.RLIMIT_FSIZE, (hard, hard))
    wait_for(lambda: client.compute.get("created").provisioning_state == "Succeeded")


def test_blobs_and_data_are_found_after_a_move_of_the_home(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "here", {"AMLOCAL_SECRET": "the secret of this home"})
    server.start()
    source = tmp_path / "file.txt"
    source.write_text("content")
    with server.client_environment():
        connect(server).data.create_or_update(Data(name="d", version="1", path=str(source), type="uri_file"))
    server.stop()
    (tmp_path / "here").rename(tmp_path / "there")
    server.home = tmp_path / "there"
    server.start()
    try:
        with server.client_environment():
            client = connect(server)
            path = client.data.get("d", "1").path.partition("/paths/")[2]
            assert open_container(client, server).download_blob(path).readall() == b"content"
    finally:
        server.stop()


@pytest.mark.parametrize("public", ["https://localhost:{port}", "https://127.0.0.1:{port}"])
def test_addresses_of_blobs_follow_the_port(tmp_path: Path, public: str) -> None:
    """Given to a data asset as its whole URL, which is stored."""
    server = AmlocalServer(tmp_path / "home")
    server.extra["AMLOCAL_PUBLIC_URL"] = public.format(port=server.port)
    server.start()
    with server.client_environment():
        client = connect(server)
        container = open_container(client, server)
        container.upload_blob("x.csv", b"1")
        url = f"{container.url}/x.csv"
        client.data.create_or_update(Data(name="d", version="1", path=url, type="uri_file", tags={"group": "amlocal"}))
        assert client.data.get("d", "1").path == url
    server.stop()
    old, server.port = server.port, free_port()
    server.extra["AMLOCAL_PUBLIC_URL"] = public.format(port=server.port)
    server.start()
    try:
        with server.client_environment():
            found = connect(server).data.get("d", "1")
            assert found.path == url.replace(f":{old}/", f":{server.port}/")
            assert found.tags == {"group": "amlocal"}
    finally:
        server.stop()


def test_stored_hosts_follow_every_change_of_address() -> None:
    from amlocal.storage.addresses import Addresses

    in_path, in_host = Addresses("localhost:8443"), Addresses("amlocal:9000", "core.local:9000")
    kept = (
        '{"a": "https://localhost:8443/emu.blob.core.local/c/b", "group": "localhost:8443", "b": "//localhost:84431"}'
    )
    moved = in_host.put_back(in_path.take_out(kept))
    assert '"https://emu.blob.core.local:9000/c/b"' in moved
    assert '"group": "localhost:8443", "b": "//localhost:84431"' in moved
    assert in_path.put_back(in_host.take_out(moved)) == kept
    without_port = Addresses("amlocal", "core.local")
    assert without_port.take_out('{"group": "amlocal"}') == '{"group": "amlocal"}'


def test_what_nobody_committed_goes_after_a_week(tmp_path: Path) -> None:
    from amlocal.storage import sweeps
    from amlocal.storage.addresses import Addresses
    from amlocal.storage.blobs import Blobs
    from amlocal.storage.store import Store

    store = Store(tmp_path / "db", Addresses("localhost:1"))
    blobs = Blobs(tmp_path / "blobs", store)
    blobs.write("account", "c", "kept", b"kept")
    blobs.put_block("account", "c", "new", "YQ==", [b"new"])
    blobs.put_block("account", "c", "old", "YQ==", [b"old"])
    old = next(path for path in blobs.folder.glob("??/*") if path.read_bytes() == b"old")
    orphan = old.with_name(f"{old.parent.name}orphan")
    orphan.write_bytes(b"orphan")
    for path in (old, orphan):
        os.utime(path, (1, 1))
    assert sweeps.sweep(store, blobs.folder, before=1000) == 2
    assert sorted(path.read_bytes() for path in blobs.folder.glob("??/*")) == [b"kept", b"new"]
    assert blobs.put_block_list("account", "c", "new", ["YQ=="], content_type="x", metadata={}).size == 3
    store.close()


def test_an_upload_that_was_broken_off_leaves_no_file(own_server: AmlocalServer) -> None:
    from tests.amlocal.scenarios.test_safety import connected

    container = open_container(connect(own_server), own_server)
    bearer = token(own_server, "https://storage.azure.com")
    path = container.url.split(str(own_server.port))[1]
    head = f"PUT {path}/half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\nContent-Length: 9999999\r\n\r\n"
    with connected(own_server) as secured:
        secured.sendall(head.encode() + b"x" * 2_000_000)
        wait_for(lambda: list((own_server.home / "blobs").glob("??/*")))
    wait_for(lambda: not list((own_server.home / "blobs").glob("??/*")))
    assert not container.get_blob_client("half").exists()
    assert requests.get(f"{own_server.url}/healthz", timeout=10).ok
