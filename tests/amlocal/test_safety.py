"""What somebody who means harm could try over the network: requests that can be read in two ways, foreign keys and
signatures, secrets that leak into logs."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from azure.ai.ml import MLClient

from tests.amlocal import accounts
from tests.amlocal.test_core import call, token, workspace_path
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
