"""The scoring client against a real HTTPS server on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring import client
from scoring.errors import EndpointAnswer
from tests.amlocal_server import free_port
from tests.scoring import https_server
from tests.scoring.https_server import Endpoint, answering

KEY = "a-scoring-key-nobody-may-see"

BEHAVIOURS = {
    "/score": answering(200, b'{"predictions": [[1]]}', x_request_id="r-1", azureml_model_deployment="blue"),
    "/plain": answering(200, b"{}"),
    "/300": answering(307, b"", Location="/score"),
    "/401": answering(401, b"key_auth_unauthorized"),
    "/403": answering(403),
    "/404": answering(404),
    "/408": answering(408),
    "/424": answering(424, b'{"message": "it broke"}', ms_azureml_model_error_statuscode="500"),
    "/424-reason": answering(424, b"", ms_azureml_model_error_reason="OutOfMemory"),
    "/400": answering(400, b'{"error": "Each instance must be 28 rows"}'),
    "/429": answering(429, b"", Retry_After="17"),
    "/429-date": answering(429, b"", Retry_After="Fri, 20 Nov 2026 10:00:00 GMT"),
    "/500": answering(500, b"boom " * 10_000),
    "/502": answering(502, b"<html>bad gateway</html>"),
    "/silent": https_server.silent,
    "/dripping-headers": https_server.dripping_headers,
    "/dripping-body": https_server.dripping_body,
    "/hanging-up": https_server.hanging_up,
    "/cut-off": https_server.cut_off,
    "/endless": https_server.endless,
}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with https_server.endpoint(tmp_path_factory.mktemp("tls"), BEHAVIOURS) as running:
        yield running


@pytest.fixture
def caller(endpoint: Endpoint) -> client.Client:
    return client.Client(ca_file=endpoint.ca_file, deadline_seconds=0.5)


def refusal(caller: client.Client, url: str) -> EndpointAnswer:
    with pytest.raises(EndpointAnswer) as refused:
        caller.post(url, KEY, b"{}")
    return refused.value


def test_an_answer_comes_back_with_its_facts(endpoint: Endpoint, caller: client.Client) -> None:
    answer = caller.post(endpoint.url + "/score", KEY, b'{"instances": []}', request_id="portal-7")
    assert answer.body == b'{"predictions": [[1]]}'
    assert (answer.request_id, answer.deployment) == ("r-1", "blue")
    assert 0 < answer.latency_ms < 500
    sent = endpoint.requests[-1]
    assert sent["body"] == b'{"instances": []}'
    assert sent["headers"]["Authorization"] == f"Bearer {KEY}"
    assert sent["headers"]["Content-Type"] == "application/json"
    assert sent["headers"]["x-ms-client-request-id"] == "portal-7"
    assert "azureml-model-deployment" not in sent["headers"]


def test_a_deployment_can_be_asked_for_by_name(endpoint: Endpoint, caller: client.Client) -> None:
    answer = caller.post(endpoint.url + "/plain", KEY, b"{}", deployment="green")
    assert endpoint.requests[-1]["headers"]["azureml-model-deployment"] == "green"
    assert answer.deployment == "green"


def test_a_request_id_is_made_that_azure_takes(endpoint: Endpoint, caller: client.Client) -> None:
    answer = caller.post(endpoint.url + "/plain", KEY, b"{}")
    assert endpoint.requests[-1]["headers"]["x-ms-client-request-id"] == answer.request_id
    assert client.REQUEST_ID.fullmatch(answer.request_id)


@pytest.mark.parametrize("request_id", ["x" * 41, "a b", "a\r\nb: c", "ü"])
def test_a_request_id_that_azure_refuses_is_never_sent(
    endpoint: Endpoint, caller: client.Client, request_id: str
) -> None:
    before = len(endpoint.requests)
    with pytest.raises(ValueError, match="request id"):
        caller.post(endpoint.url + "/plain", KEY, b"{}", request_id=request_id)
    assert len(endpoint.requests) == before


def test_connections_are_used_again(endpoint: Endpoint, caller: client.Client) -> None:
    before = endpoint.connections
    for path in ["/plain", "/500", "/401", "/plain"]:
        if path == "/plain":
            caller.post(endpoint.url + path, KEY, b"{}")
        else:
            refusal(caller, endpoint.url + path)
    assert endpoint.connections == before + 1


@pytest.mark.parametrize(
    ("path", "code", "params"),
    [
        ("/401", "key_refused", {}),
        ("/403", "key_refused", {}),
        ("/404", "no_deployment", {}),
        ("/408", "too_slow", {}),
        ("/424", "model_error", {"model_status": "500", "message": "it broke"}),
        ("/424-reason", "model_error", {"model_status": "424", "message": "OutOfMemory"}),
        ("/400", "model_error", {"model_status": "400", "message": "Each instance must be 28 rows"}),
        ("/429", "throttled", {"retry_after": 17}),
        ("/429-date", "throttled", {"retry_after": 0}),
        ("/500", "server_error", {"status": 500}),
        ("/502", "server_error", {"status": 502}),
        ("/300", "server_error", {"status": 307}),
    ],
)
def test_each_status_has_its_code(
    endpoint: Endpoint, caller: client.Client, path: str, code: str, params: dict[str, object]
) -> None:
    refused = refusal(caller, endpoint.url + path)
    assert (refused.code, refused.params) == (code, params)


def test_a_redirect_is_not_followed(endpoint: Endpoint, caller: client.Client) -> None:
    before = len(endpoint.requests)
    refusal(caller, endpoint.url + "/300")
    assert [request["path"] for request in endpoint.requests[before:]] == ["/300"]


@pytest.mark.parametrize("path", ["/silent", "/dripping-headers", "/dripping-body"])
def test_the_deadline_is_kept_however_the_time_is_lost(endpoint: Endpoint, caller: client.Client, path: str) -> None:
    refused = refusal(caller, endpoint.url + path)
    assert (refused.code, refused.params) == ("slow", {"seconds": 0.5})


def test_a_timed_out_call_is_not_sent_again(endpoint: Endpoint, caller: client.Client) -> None:
    before = len(endpoint.requests)
    refusal(caller, endpoint.url + "/silent")
    assert len(endpoint.requests) == before + 1
    assert caller.post(endpoint.url + "/plain", KEY, b"{}").body == b"{}"


@pytest.mark.parametrize("path", ["/hanging-up", "/cut-off"])
def test_a_connection_that_breaks_is_told(endpoint: Endpoint, caller: client.Client, path: str) -> None:
    refused = refusal(caller, endpoint.url + path)
    assert (refused.code, refused.params) == ("unreachable", {"reason": "connection"})


def test_an_endless_answer_is_cut(endpoint: Endpoint) -> None:
    refused = refusal(client.Client(ca_file=endpoint.ca_file, deadline_seconds=20), endpoint.url + "/endless")
    assert refused.code == "answer_unreadable"


def test_a_server_of_an_unknown_authority_gets_no_key(endpoint: Endpoint) -> None:
    before = len(endpoint.requests)
    refused = refusal(client.Client(deadline_seconds=2), endpoint.url + "/score")
    assert (refused.code, refused.params) == ("unreachable", {"reason": "tls"})
    assert len(endpoint.requests) == before


def test_a_certificate_for_another_host_gets_no_key(tmp_path: Path) -> None:
    with https_server.endpoint(tmp_path, BEHAVIOURS, host="127.0.0.9") as other:
        refused = refusal(client.Client(ca_file=other.ca_file, deadline_seconds=2), other.url + "/score")
    assert (refused.code, refused.params) == ("unreachable", {"reason": "tls"})
    assert other.requests == []


def test_nobody_listening_is_unreachable(caller: client.Client) -> None:
    refused = refusal(caller, f"https://127.0.0.1:{free_port()}/score")
    assert (refused.code, refused.params) == ("unreachable", {"reason": "connection"})


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    refused = refusal(client.Client(deadline_seconds=10), "https://no-such-endpoint.invalid/score")
    assert (refused.code, refused.params) == ("unreachable", {"reason": "name"})


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/score", "", "score", "https:///score", "file:///etc/passwd"])
def test_a_key_never_travels_without_tls(caller: client.Client, url: str) -> None:
    refused = refusal(caller, url)
    assert (refused.code, refused.params) == ("unreachable", {"reason": "address"})


def test_those_who_would_wait_too_many_are_told_before_the_others_are_answered(endpoint: Endpoint) -> None:
    caller = client.Client(ca_file=endpoint.ca_file, deadline_seconds=1.5, max_waiting=2)
    codes: list[str] = []
    threads = [
        threading.Thread(target=lambda: codes.append(refusal(caller, endpoint.url + "/silent").code)) for _ in range(2)
    ]
    before = len(endpoint.requests)
    for thread in threads:
        thread.start()
    until = time.monotonic() + 1
    while len(endpoint.requests) < before + 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert refusal(caller, endpoint.url + "/plain").code == "busy"
    assert codes == []
    for thread in threads:
        thread.join()
    assert codes == ["slow", "slow"]
    assert caller.post(endpoint.url + "/plain", KEY, b"{}").body == b"{}"


def test_a_proxy_of_the_environment_is_used(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        threading.Thread(target=tunnel, args=(proxy, asked), daemon=True).start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "")
        caller = client.Client(ca_file=endpoint.ca_file, deadline_seconds=5)
        assert caller.post(endpoint.url + "/plain", KEY, b"{}").body == b"{}"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert caller.post(endpoint.url + "/plain", KEY, b"{}").body == b"{}"
    assert len(asked) == 1
    assert asked[0].startswith(b"CONNECT 127.0.0.1:")
    assert KEY.encode() not in asked[0]


def tunnel(proxy: socket.socket, asked: list[bytes]) -> None:
    """A CONNECT proxy for one connection."""
    near, _ = proxy.accept()
    request = near.recv(65536)
    asked.append(request)
    host, port = request.split()[1].decode().split(":")
    far = socket.create_connection((host, int(port)))
    near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    back = threading.Thread(target=pump, args=(far, near), daemon=True)
    back.start()
    pump(near, far)


def pump(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)


def test_the_key_is_in_no_error_and_in_no_repr(endpoint: Endpoint, caller: client.Client) -> None:
    told = [repr(caller), repr(caller.post(endpoint.url + "/score", KEY, b"{}"))]
    for path in ("/401", "/424", "/silent", "/hanging-up"):
        error: BaseException | None = refusal(caller, endpoint.url + path)
        while error:
            told.append(repr(error) + str(error) + str(getattr(error, "params", "")))
            error = error.__cause__
    assert KEY not in "".join(told)
