"""What somebody who means harm could try over the network: requests that can be read in two ways, foreign keys and
signatures, secrets that leak into logs."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from azure.ai.ml import MLClient

from amlocal.storage import downloads, materials, places
from amlocal.storage.addresses import Addresses
from amlocal.storage.blobs import Blobs
from amlocal.storage.store import Store
from tests.amlocal import accounts
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal.scenarios.test_core import call, token, workspace_path
from tests.amlocal_server import AmlocalServer

GOOD = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
# Whoever reads these differently sees a second request, GET /smuggled, in what is the body of the first.
INNER = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@contextlib.contextmanager
def connected(server: AmlocalServer) -> Iterator[ssl.SSLSocket]:
    trust = ssl.create_default_context(cafile=server.ca_bundle)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        yield secured


def exchange(server: AmlocalServer, *texts: str) -> str:
    """Everything that comes back until the server closes the connection."""
    with connected(server) as secured:
        for text in texts:
            secured.sendall(text.encode("latin-1"))
        pieces = []
        # A server that closes with something unread in its hands may end the connection rudely.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            pieces.extend(iter(lambda: secured.recv(65536), b""))
    return b"".join(pieces).decode("latin-1")


def statuses(answers: str) -> list[str]:
    return re.findall(r"HTTP/1\.1 (\d{3}) ", answers)


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: {len(INNER)}\r\nTransfer-Encoding: chunked",
        f"Content-Length: 0\r\nContent-Length: {len(INNER)}",
        f"Content-Length: {len(INNER)}\r\nContent-Length: {len(INNER)}",
        f"Content-Length: +{len(INNER)}",
        f"Content-Length: 0x{len(INNER):x}",
        "Content-Length: -1",
        "Content-Length: many",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        f"Spaced : x\r\nContent-Length: {len(INNER)}",
        f"Folded: x\r\n  y\r\nContent-Length: {len(INNER)}",
        f"Control: a\x01b\r\nContent-Length: {len(INNER)}",
        "Host: y",
        "Authorization: Bearer a\r\nAuthorization: Bearer b",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused_and_ends_the_connection(
    amlocal_server: AmlocalServer, head: str
) -> None:
    answers = exchange(amlocal_server, f"POST /healthz HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n{INNER}")
    assert statuses(answers) == ["400"]
    assert '"BadRequest"' in answers


@pytest.mark.parametrize("size", ["-1", "+5", "0x5", "5_0", "", "5 5", "g"])
def test_a_broken_chunk_ends_the_connection(amlocal_server: AmlocalServer, size: str) -> None:
    head = "PUT /_amlocal/pace HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    secret = f"X-Amlocal-Secret: {amlocal_server.env['MSI_SECRET']}\r\n\r\n"
    assert statuses(exchange(amlocal_server, f"{head}{secret}{size}\r\n{INNER}")) == []


def test_an_oversized_head_or_body_is_refused(amlocal_server: AmlocalServer) -> None:
    many = "".join(f"X-{number}: y\r\n" for number in range(150))
    assert statuses(exchange(amlocal_server, f"GET /healthz HTTP/1.1\r\n{many}\r\n")) == ["431"]
    long = f"GET /healthz HTTP/1.1\r\nX: {'y' * 70_000}\r\n\r\n"
    assert statuses(exchange(amlocal_server, long)) == ["431"]
    assert statuses(exchange(amlocal_server, f"GET /{'y' * 70_000} HTTP/1.1\r\n\r\n")) == ["414"]
    huge = "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert statuses(exchange(amlocal_server, huge)) == ["413"]
    assert statuses(exchange(amlocal_server, "GET https://[::1/healthz HTTP/1.1\r\n\r\n")) == ["400"]


def test_requests_in_one_packet_are_answered_in_their_order(amlocal_server: AmlocalServer) -> None:
    chunked = "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n"
    last = "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(exchange(amlocal_server, GOOD + chunked + GOOD + last)) == ["200", "405", "200", "404"]


def test_an_absolute_target_and_an_expectation_are_understood(amlocal_server: AmlocalServer) -> None:
    absolute = "GET https://elsewhere.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    expecting = "POST /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    close = "Connection: close\r\n\r\n"
    assert statuses(exchange(amlocal_server, absolute + expecting + close, "{}")) == ["200", "100", "405"]


def test_a_refused_upload_hears_why(amlocal_server: AmlocalServer) -> None:
    """The whole body is sent before the answer is read: a closed connection would be all that a client sees."""
    answer = call(amlocal_server, workspace_path(amlocal_server), "wrong", "PUT", data=b"x" * 20_000_000)
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_a_blob_host_opens_nothing_else(amlocal_server: AmlocalServer) -> None:
    head = f"GET {workspace_path(amlocal_server)} HTTP/1.1\r\nHost: abc.blob.core.local\r\nConnection: close\r\n"
    answers = exchange(amlocal_server, f"{head}Authorization: Bearer {token(amlocal_server)}\r\n\r\n")
    assert statuses(answers) == ["404"]
    assert "ResourceNotFound" in answers


@pytest.fixture
def two_workspaces(amlocal_server: AmlocalServer, connect: Callable[..., MLClient]) -> tuple[MLClient, MLClient]:
    env = amlocal_server.env
    other = {"subscription": env["AMLOCAL_SUBSCRIPTION_ID"], "group": "amlocal", "name": "beside"}
    amlocal_server.control("POST", "seed", {"workspaces": [other]})
    return connect(), connect(workspace="beside")


def test_the_key_and_signature_of_one_workspace_do_not_open_another(
    amlocal_server: AmlocalServer, two_workspaces: tuple[MLClient, MLClient]
) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import AccountSasPermissions, ContainerClient, ResourceTypes, generate_account_sas

    mine, other = two_workspaces
    key = accounts.read_key(mine, amlocal_server)
    store = other.datastores.get("workspaceblobstore")
    url = f"https://{store.account_name}.blob.core.local"
    foreign = ContainerClient(url, store.container_name, credential=key, retry_total=0)
    with pytest.raises(HttpResponseError) as refused:
        foreign.upload_blob("x", b"1")
    assert refused.value.error_code == "AuthenticationFailed"
    for spelled in (store.account_name, mine.datastores.get("workspaceblobstore").account_name):
        sas = generate_account_sas(
            spelled,
            key,
            ResourceTypes(object=True, container=True),
            AccountSasPermissions(read=True, list=True),
            expiry="2999-01-01T00:00:00Z",
        )
        answer = requests.get(f"{url}/{store.container_name}?restype=container&comp=list&{sas}", timeout=10)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


@pytest.mark.parametrize(
    "path",
    [
        "{ws}",
        "{ws}/jobs/x",
        "{ws}/datastores/workspaceblobstore/listSecrets",
        "/history/v1.0{ws}/runs/x/details",
        "/mlflow/v2.0{ws}/api/2.0/mlflow/runs/get?run_id=x",
        "/data/v1.0{ws}/dataversion/batchGetResolvedUris",
        "/artifact/v2.0{ws}/artifacts/ExperimentRun/dcid.x",
        "/_blob/anything/container/blob",
        "/_amlocal/requests",
        "/msi/token?resource=x",
    ],
)
def test_nothing_is_told_without_a_token(amlocal_server: AmlocalServer, path: str) -> None:
    """Whether it exists or not. A token for another audience is as good as none."""
    target = path.format(ws=workspace_path(amlocal_server))
    storage = token(amlocal_server, "https://vault.azure.net")
    for bearer in ("", "a.b.c", storage):
        answers = {call(amlocal_server, target, bearer, method).status_code for method in ("GET", "POST")}
        assert answers <= {401, 404, 405}
        assert 401 in answers or target.startswith("/_blob")


def test_no_secret_reaches_the_log(own_server: AmlocalServer) -> None:
    """Signatures stand in the query, keys and tokens in headers and answers."""
    from azure.ai.ml.entities import Data
    from azure.identity import ManagedIdentityCredential

    env = own_server.env
    client = MLClient(ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
    client.data.create_or_update(Data(name="d", version="1", path=__file__, type="uri_file"))
    key = accounts.read_key(client, own_server)
    bearer = token(own_server)
    call(own_server, "/_blob/x/y/z?sig=verysecret&se=2999", bearer)
    call(own_server, "/forged%0aline%1b[31m", bearer)
    own_server.stop()
    text = (own_server.home / "amlocal.log").read_text()
    secrets = [key, bearer, env["MSI_SECRET"], (own_server.home / "secret").read_text(), "verysecret", "sig="]
    assert not [secret for secret in secrets if secret in text]
    assert "/forged%0Aline%1B" in text
    assert "\x1b" not in text


def test_only_its_owner_reads_the_home(own_server: AmlocalServer) -> None:
    """Keys of storage accounts are in the database, content in files; whatever the folder's own mode is."""
    files = [path for path in own_server.home.rglob("*") if path.is_file() and path.name != "stderr.txt"]
    open_to_others = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert files
    assert open_to_others == []
    assert urlsplit(own_server.url).hostname == "localhost"


def list_artifacts(client: MLClient, server: AmlocalServer, job: str) -> dict[str, bytes]:
    from azure.storage.blob import ContainerClient

    store = client.datastores.get("workspaceartifactstore")
    key = accounts.read_key(client, server, "workspaceartifactstore")
    url = f"https://{store.account_name}.blob.core.local"
    container = ContainerClient(url, store.container_name, credential=key)
    prefix = f"ExperimentRun/dcid.{job}/"
    names = [blob.name for blob in container.list_blobs(prefix)]
    return {name.removeprefix(prefix): container.download_blob(name).readall() for name in names}


def test_a_job_shows_its_own_files_and_nobody_elses(ml_client: MLClient, amlocal_server: AmlocalServer) -> None:
    """Its links may lead anywhere on this machine: only what lies in the job's own folder is uploaded."""
    home = amlocal_server.home
    command = (
        f"echo mine > outputs/mine; ln -s mine outputs/alias; ln -s {home}/secret outputs/secret;"
        f" ln -s {home}/tls outputs/tls; rm -r logs; ln -s {home}/tls logs;"
        " touch \"outputs/$(printf 'line\\nend')\"; mkfifo outputs/pipe"
    )
    job = submit(ml_client, None, command)
    assert await_end(ml_client, job.name).status == "Completed"
    found = {
        name: content
        for name, content in list_artifacts(ml_client, amlocal_server, job.name).items()
        if name.startswith(("outputs/", "logs/"))
    }
    assert found == {"outputs/mine": b"mine\n", "outputs/alias": b"mine\n"}


def test_a_named_output_that_became_a_link_is_not_followed_out(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    (tmp_path / "secret").write_text("secret")
    job = tmp_path / "job"
    (job / "named").mkdir(parents=True)
    (job / "work").mkdir()
    (job / "work" / "result").write_text("mine")
    (job / "named" / "out").symlink_to(tmp_path)
    (job / "named" / "file").symlink_to(tmp_path / "secret")
    (job / "named" / "own").symlink_to(job / "work")
    place = places.Place("account", "container", "there")
    counts = [
        materials.upload(blobs, job / "named" / name, place.under(name), within=job) for name in ("out", "file", "own")
    ]
    assert counts == [0, 0, 1]
    assert [blob.name for blob in blobs.list("account", "container")] == ["there/own/result"]


def test_a_blob_never_leaves_the_folder_it_is_copied_to(tmp_path: Path) -> None:
    blobs = make_blobs(tmp_path)
    blobs.write("account", "container", f"code/{tmp_path}/out", b"x")
    blobs.write("account", "container", "code//double", b"y")
    materials.copy(blobs, places.Place("account", "container", "code"), tmp_path / "work")
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "work" / "double").read_bytes() == b"y"
    blobs.write("account", "container", "both/a", b"x")
    blobs.write("account", "container", "both/a/b", b"x")
    with pytest.raises(materials.Missing, match="cannot be put on"):
        materials.copy(blobs, places.Place("account", "container", "both"), tmp_path / "both")


def make_blobs(folder: Path) -> Blobs:
    return Blobs(folder / "blobs", Store(folder / "db", Addresses("localhost:1")))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://[fe80::1]/x",
        "http://[::ffff:169.254.169.254]/x",
        "http://168.63.129.16/x",
        "file:///etc/passwd",
        "ftp://localhost/x",
        "/etc/passwd",
    ],
)
def test_an_input_is_not_fetched_from_where_a_machine_keeps_its_secrets(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="of this kind"):
        downloads.fetch(url, tmp_path)


def test_a_redirect_leads_neither_to_files_nor_to_a_clouds_secrets(tmp_path: Path) -> None:
    class Sender(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", self.path[1:])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Sender) as sender:
        threading.Thread(target=sender.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{sender.server_address[1]}"
        for target in ("http://169.254.169.254/token", "file:///etc/passwd", "ftp://x/y"):
            with pytest.raises((ValueError, OSError)) as refused:
                downloads.fetch(f"{base}/{target}", tmp_path)
            assert re.search("of this kind|is not allowed", str(refused.value))
        sender.shutdown()
    assert list(tmp_path.iterdir()) == []


JOB = {"jobType": "Command", "command": "true", "environmentId": "azureml://none"}
PLACES = {
    "data/{}/versions/1": {"dataType": "uri_file", "dataUri": "https://example.org/x"},
    "jobs/{}": JOB,
    "computes/{}": {"computeType": "AmlCompute", "properties": {"vmSize": "Standard_DS3_v2"}},
    "onlineEndpoints/{}": {"authMode": "Key"},
}


def test_a_jobs_inputs_and_outputs_have_names_that_are_no_paths(amlocal_server: AmlocalServer) -> None:
    plane = DataPlane(amlocal_server)
    for name in ("..", "../up", "/etc/cron.d", "a/b", "a\x00b", ""):
        for field, inside in (("inputs", {"jobInputType": "literal", "value": "1"}), ("outputs", {})):
            answer = plane.call("PUT", "", "jobs/x", {"properties": {**JOB, field: {name: inside}}})
            assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("kind", PLACES)
def test_a_name_that_is_a_path_is_refused_everywhere(amlocal_server: AmlocalServer, kind: str) -> None:
    """Sent by hand, because clients tidy such paths up."""
    bearer = token(amlocal_server)
    body = json.dumps({"location": "eastus", "properties": PLACES[kind]})
    with connected(amlocal_server) as secured:
        for name in ("..%2f..%2fup", "%2fetc", "a%00b", "a%0a", "%2e%2e"):
            target = f"{workspace_path(amlocal_server)}/{kind.format(name)}?api-version=2024-10-01"
            head = f"PUT {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n"
            typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            secured.sendall(f"{head}{typed}{body}".encode())
            assert secured.recv(65536)[:12] == b"HTTP/1.1 400", name
