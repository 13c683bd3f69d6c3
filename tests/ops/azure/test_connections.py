import os
import threading

import pytest

from ops.azure import connections, workspaces
from ops.azure.connections import Identity, Target
from ops.azure.errors import AzureDenied, AzureError, AzureNotFound, AzureUnreachable
from tests.ops.azure.conftest import IDENTITY


@pytest.fixture
def fresh():
    """No connection and no token is remembered from other tests."""
    connections._connections._forget()
    connections._credentials._forget()
    yield
    connections._connections._forget()
    connections._credentials._forget()


def test_a_second_connect_gives_the_same_connection(target):
    assert connections.connect(target, IDENTITY) is connections.connect(target, Identity("local"))


def test_workspaces_share_one_token(target, server, fresh):
    server.forget_requests()
    workspaces.get(connections.connect(target, IDENTITY))
    other = Target(target.cloud, target.subscription_id, target.resource_group, "elsewhere")
    with pytest.raises(AzureNotFound):
        workspaces.get(connections.connect(other, IDENTITY))
    assert len(server.requests(path="/msi/token")) == 1


def test_the_number_of_connections_is_bounded(target, fresh, monkeypatch):
    monkeypatch.setattr(connections._connections, "_most", 2)
    first = connections.connect(target, IDENTITY)
    for name in ("two", "three"):
        connections.connect(Target(target.cloud, target.subscription_id, target.resource_group, name), IDENTITY)
    assert len(connections._connections._values) == 2
    assert connections.connect(target, IDENTITY) is not first


def test_a_forked_worker_starts_with_no_connection_of_its_parent(connection):
    assert connections._connections._values
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(len(connections._connections._values)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"0"
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401, "code": "AuthenticationFailed"}, AzureDenied),
        ({"drop": True}, AzureUnreachable),
    ],
)
def test_a_token_that_cannot_be_had_is_an_azure_error(target, server, fresh, fault, kind):
    server.fault(path="/msi/token", **fault)
    with pytest.raises(kind):
        workspaces.get(connections.connect(target, IDENTITY))
    assert len(server.requests(path="/msi/token")) <= 1


def test_a_broken_token_service_is_worth_another_try(target, server, fresh):
    server.fault(path="/msi/token", status=500)
    with pytest.raises(AzureError) as caught:
        workspaces.get(connections.connect(target, IDENTITY))
    assert caught.value.retryable, caught.value


def test_a_wrong_secret_is_denied_and_not_shown(target, server, fresh, monkeypatch):
    monkeypatch.setenv("MSI_SECRET", "hunter2hunter2")
    with pytest.raises(AzureDenied) as caught:
        workspaces.get(connections.connect(target, IDENTITY))
    assert "hunter2" not in str(caught.value)


def test_the_sdk_leaves_no_thread_and_prints_nothing(target, fresh, capfd):
    before = set(threading.enumerate())
    workspaces.get(connections.connect(target, IDENTITY))
    assert set(threading.enumerate()) == before
    assert capfd.readouterr() == ("", "")
