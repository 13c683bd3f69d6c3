"""Every function under every fault: one request, no retry, no thread, an error of ours that says what is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.azure import (
    artifacts,
    clouds,
    codes,
    computes,
    connections,
    data,
    deployments,
    endpoints,
    environments,
    jobs,
    models,
    rest,
    sdk,
    workspaces,
)
from ops.azure.connections import Connection
from ops.azure.errors import AzureConflict, AzureDenied, AzureError, AzureFailed, AzureThrottled, AzureUnreachable
from ops.azure.facts import DeploymentSpec, JobRequest
from tests.ops.azure.conftest import IDENTITY, TAGS, sent, until

MODEL_ID = "/models/digits/versions/1"


@dataclass(frozen=True)
class Call:
    """A function of ours, and the request of it that is broken."""

    run: Callable[[Connection, Path], object]
    method: str
    path: str


def deploy(connection: Connection, folder: Path) -> str:
    arm_id = connection.target.arm_id
    spec = DeploymentSpec(
        "broken", "blue", arm_id + MODEL_ID, f"{arm_id}/codes/c/versions/1", "score.py",
        f"{arm_id}/environments/e/versions/1", "Standard_DS3_v2", 1, 5000, TAGS,
    )  # fmt: skip
    return deployments.begin_create(connection, spec)


def submit(connection: Connection, folder: Path) -> object:
    arm_id = connection.target.arm_id
    environment = f"{arm_id}/environments/e/versions/1"
    code = f"{arm_id}/codes/c/versions/1"
    return jobs.create(connection, JobRequest("broken", "Broken", "plain", "true", code, environment, "cpu-cluster"))


def poll(connection: Connection, folder: Path) -> object:
    return rest.poll(connection, f"{connection.cloud.arm_url}/subscriptions/x/mfeOperationsStatus/y")


def read_log(connection: Connection, folder: Path) -> object:
    return rest.read_log(connection, f"{connection.cloud.arm_url}/emu1.blob.core.local/c/log.txt?sig=hunter2", 0, 10)


def make_model(connection: Connection, folder: Path) -> object:
    path = "azureml://jobs/run/outputs/artifacts/paths/outputs/model"
    return models.create(connection, "broken", "1", path, "custom_model", "", TAGS, {})


def ensure(connection: Connection, folder: Path) -> object:
    conda = folder.parent / "conda.yml"
    conda.write_text("name: plain\n")
    return environments.ensure(connection, "broken", "1", conda, "ubuntu:22.04", TAGS)


CALLS = {
    "workspaces.get": Call(lambda c, f: workspaces.get(c), "GET", "/workspaces/local$"),
    "computes.all": Call(lambda c, f: computes.list_computes(c), "GET", "/computes$"),
    "codes.upload, known?": Call(codes.upload, "GET", "/codes/[^/]+/versions$"),
    "codes.upload, begin": Call(codes.upload, "POST", "/startPendingUpload$"),
    "codes.upload, look": Call(codes.upload, "HEAD", r"\.blob\."),
    "codes.upload, bytes": Call(codes.upload, "PUT", "/src/score.py$"),
    "codes.upload, register": Call(codes.upload, "PUT", "/codes/[^/]+/versions/1$"),
    "data.upload, known?": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "GET", "/data/broken/"),
    "data.upload, store": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "GET", "/datastores/"),
    "data.upload, look": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "HEAD", r"\.blob\."),
    "data.upload, bytes": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "PUT", "/src/score.py$"),
    "data.upload, register": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "PUT", "/data/broken/"),
    "environments.ensure, known?": Call(ensure, "GET", "/environments/broken/"),
    "environments.ensure, make": Call(ensure, "PUT", "/environments/broken/"),
    "jobs.create": Call(submit, "PUT", "/jobs/broken$"),
    "jobs.get": Call(lambda c, f: jobs.get(c, "broken"), "GET", "/jobs/broken$"),
    "jobs.all": Call(lambda c, f: jobs.list_jobs(c, 10), "GET", "/jobs$"),
    "jobs.cancel": Call(lambda c, f: jobs.cancel(c, "broken"), "POST", "/jobs/broken/cancel$"),
    "models.get": Call(lambda c, f: models.get(c, "broken", "1"), "GET", "/models/broken/versions/1$"),
    "models.next_version": Call(lambda c, f: models.next_version(c, "broken"), "GET", "/models/broken$"),
    "models.create": Call(make_model, "PUT", "/models/broken/versions/1$"),
    "models.all": Call(lambda c, f: models.list_models(c), "GET", "/models$"),
    "endpoints.get": Call(lambda c, f: endpoints.get(c, "broken"), "GET", "/onlineEndpoints/broken$"),
    "endpoints.all": Call(lambda c, f: endpoints.list_endpoints(c), "GET", "/onlineEndpoints$"),
    "endpoints.begin_create": Call(
        lambda c, f: endpoints.begin_create(c, "broken", "key", TAGS, ""), "PUT", "/onlineEndpoints/broken$"
    ),
    "endpoints.begin_set_traffic": Call(
        lambda c, f: endpoints.begin_set_traffic(c, "broken", {}), "GET", "/onlineEndpoints/broken$"
    ),
    "endpoints.begin_delete": Call(
        lambda c, f: endpoints.begin_delete(c, "broken"), "DELETE", "/onlineEndpoints/broken$"
    ),
    "endpoints.key": Call(lambda c, f: endpoints.key(c, "broken"), "POST", "/onlineEndpoints/broken/listKeys$"),
    "deployments.get": Call(lambda c, f: deployments.get(c, "broken", "blue"), "GET", "/deployments/blue$"),
    "deployments.all": Call(lambda c, f: deployments.list_deployments(c, "broken"), "GET", "/broken/deployments$"),
    "deployments.begin_create": Call(deploy, "PUT", "/deployments/blue$"),
    "deployments.begin_delete": Call(
        lambda c, f: deployments.begin_delete(c, "broken", "blue"), "DELETE", "/deployments/blue$"
    ),
    "deployments.log": Call(lambda c, f: deployments.log(c, "broken", "blue"), "POST", "/getLogs$"),
    "rest.poll": Call(poll, "GET", "/mfeOperationsStatus/y$"),
    "rest.run_details": Call(lambda c, f: rest.run_details(c, "broken"), "GET", "/runs/broken/details$"),
    "rest.read_log": Call(read_log, "GET", "/c/log.txt$"),
    "rest.search_metrics, first": Call(lambda c, f: rest.search_metrics(c, ["broken"]), "GET", "/runs/get$"),
    "rest.metric_history": Call(lambda c, f: rest.metric_history(c, "broken", "loss", 0), "GET", "/get-history$"),
    "artifacts.all, store": Call(lambda c, f: artifacts.list_files(c, "broken", ""), "GET", "/datastores/"),
    "artifacts.all, list": Call(lambda c, f: artifacts.list_files(c, "broken", ""), "GET", r"\.blob\."),
    "artifacts.download": Call(
        lambda c, f: artifacts.download(c, "broken", "w.bin", f / "w.bin", 9), "GET", r"\.blob\..*w.bin$"
    ),
}
SECRETS = {
    "data.upload, secrets": Call(lambda c, f: data.upload(c, "broken", "1", f, TAGS), "POST", "/listSecrets$"),
    "artifacts.all, secrets": Call(lambda c, f: artifacts.list_files(c, "broken", ""), "POST", "/listSecrets$"),
}
every_call = pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
every_passing = pytest.mark.parametrize(
    "call", [pytest.param(call, id=name) for name, call in {**CALLS, **SECRETS}.items()]
)
# One call of each client: ARM, ARM's long-running ones, blobs, the workspace's own services, signed URLs.
CLIENTS = ("jobs.create", "deployments.begin_create", "data.upload, bytes", "rest.metric_history", "rest.read_log")
each_client = pytest.mark.parametrize("call", [pytest.param(CALLS[name], id=name) for name in CLIENTS])


@pytest.fixture
def broken(connection, server, source):
    """broken(call, fault) → the error; sees that the broken request went out once and that nothing goes on behind."""
    workspaces.known(connection)
    rest._history_url(connection)

    def run(call, **fault):
        before = set(threading.enumerate())
        server.forget_requests()
        server.fault(method=call.method, path=call.path, count=99, **fault)
        with pytest.raises(AzureError) as caught:
            call.run(connection, source)
        assert set(threading.enumerate()) == before
        assert server.faults()[0]["count"] == 98, "the broken request was sent again"
        error = caught.value
        assert error.__cause__ is not None or error.request_id or isinstance(error, AzureUnreachable | AzureFailed)
        assert "hunter2" not in str(error)
        assert "sig=" not in str(error)
        return error

    return run


@every_passing
def test_throttling_reaches_the_caller_after_one_request(broken, server, call):
    error = broken(call, status=429, code="TooManyRequests", message="Slow down.", retry_after=17)
    assert type(error) is AzureThrottled
    assert error.retry_after == 17
    assert error.retryable
    # amlocal writes a request down once its answer is out.
    assert len(until(lambda: sent(server, call.method, call.path), bool)) == 1


@every_passing
def test_a_failure_of_azure_is_worth_another_try(broken, call):
    error = broken(call, status=500, code="InternalServerError")
    assert type(error) is AzureFailed
    assert error.retryable


@every_call
def test_a_dropped_connection_is_unreachable(broken, call):
    error = broken(call, drop=True)
    assert type(error) is AzureUnreachable


@every_call
def test_a_refusal_is_denied(broken, call):
    error = broken(call, status=403, code="AuthorizationFailed")
    assert type(error) is AzureDenied
    assert not error.retryable


@each_client
def test_a_token_that_is_not_taken_is_denied(broken, call):
    assert type(broken(call, status=401, code="ExpiredAuthenticationToken")) is AzureDenied


@each_client
def test_a_conflict_is_told_as_one(broken, call):
    assert type(broken(call, status=409, code="Conflict")) is AzureConflict


@pytest.mark.parametrize(
    "name", ["workspaces.get", "computes.all", "jobs.all", "endpoints.all", "artifacts.all, store"]
)
def test_half_an_answer_is_worth_another_try(broken, name):
    assert broken(CALLS[name], half=True).retryable


@every_call
def test_a_silent_server_is_given_up_on(server, target, source, call, monkeypatch):
    monkeypatch.setitem(sdk.OPTIONS, "read_timeout", 0.3)
    monkeypatch.setitem(sdk._BLOB_OPTIONS, "read_timeout", 0.3)
    monkeypatch.setattr(rest, "TIMEOUT", (1, 0.3))
    slow = Connection(target, clouds.of_process("local"), connections._credential(IDENTITY, clouds.of_process("local")))
    slow.workspace = workspaces.get(slow)
    rest._history_url(slow)
    server.fault(method=call.method, path=call.path, count=99, delay=3)
    with pytest.raises(AzureUnreachable) as caught:
        call.run(slow, source)
    assert caught.value.code == "TimedOut"
    server.clear_faults()


def test_a_store_that_gives_no_keys_is_read_with_our_own_identity(connection, server):
    server.fault(method="POST", path="/listSecrets$", status=403, code="AuthorizationFailed")
    assert artifacts.list_files(connection, "nobody", "") == []
