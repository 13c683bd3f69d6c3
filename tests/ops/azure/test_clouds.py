import os
import subprocess
import sys

import pytest

from ops.azure import clouds, connections
from ops.azure.connections import Identity, Target
from ops.azure.errors import AzureDenied, AzureFailed, AzureRejected, AzureThrottled, AzureUnreachable
from tests.amlocal_server import free_port
from tests.ops.azure.conftest import IDENTITY, sent

AZURE = Target("AzureCloud", "0" * 8 + "-0000-0000-0000-" + "0" * 12, "group", "workspace")


@pytest.fixture
def unread():
    clouds._described.cache_clear()


def test_the_local_cloud_is_described_by_itself(server):
    cloud = clouds.of_process("local")
    assert cloud.arm_url == server.url
    assert cloud.scope == f"{server.url}/.default"


def test_a_process_of_the_local_cloud_refuses_azure(server):
    with pytest.raises(AzureRejected) as caught:
        connections.connect(AZURE, IDENTITY)
    assert caught.value.code == "WrongCloud"
    assert caught.value.message == "This process speaks to the cloud local, not to AzureCloud."
    assert not sent(server)


def test_a_process_of_azure_refuses_the_local_cloud_and_other_azures(target, monkeypatch):
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD")
    with pytest.raises(AzureRejected, match="WrongCloud"):
        connections.connect(target, IDENTITY)
    with pytest.raises(AzureRejected, match="WrongCloud"):
        clouds.of_process("AzureChinaCloud")


def test_real_clouds_are_known_without_a_call(monkeypatch):
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureChinaCloud")
    cloud = clouds.of_process("AzureChinaCloud")
    assert cloud.arm_url == "https://management.chinacloudapi.cn"
    assert cloud.authority == "login.chinacloudapi.cn"


def test_connecting_to_azure_opens_no_socket(monkeypatch):
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")
    monkeypatch.setattr("socket.socket.connect", lambda *args: pytest.fail("a socket was opened"))
    identity = Identity("service_principal", "11111111-1111-1111-1111-111111111111", "client", "hunter2")
    connection = connections.connect(AZURE, identity)
    assert connection.cloud.arm_url == "https://management.azure.com"
    assert "hunter2" not in repr(connection) + repr(identity)


def test_a_malformed_credential_is_told_as_one(monkeypatch):
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")
    identity = Identity("certificate", "11111111-1111-1111-1111-111111111111", "client", "no PEM at all")
    with pytest.raises(AzureDenied, match="InvalidCredential"):
        connections.connect(AZURE, identity)


def test_a_local_cloud_without_an_address_is_a_clear_error(server, monkeypatch):
    monkeypatch.delenv("ARM_CLOUD_METADATA_URL")
    with pytest.raises(AzureRejected, match="ARM_CLOUD_METADATA_URL"):
        clouds.of_process("local")


def test_a_local_cloud_that_is_not_running_is_unreachable(target, unread, monkeypatch):
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", f"https://localhost:{free_port()}/metadata/endpoints")
    with pytest.raises(AzureUnreachable):
        connections.connect(target, IDENTITY)
    assert os.environ["AZUREML_CURRENT_CLOUD"] == "local"


def test_a_cloud_of_another_name_is_not_taken_for_it(server, unread, monkeypatch):
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "elsewhere")
    with pytest.raises(AzureFailed, match="UnknownCloud"):
        clouds.of_process("local")


def test_a_throttled_description_tells_when_to_come_back(target, server, unread):
    server.fault(path="/metadata/endpoints", status=429, retry_after=4)
    with pytest.raises(AzureThrottled) as caught:
        connections.connect(target, IDENTITY)
    assert caught.value.retry_after == 4
    assert len(server.requests(path="/metadata")) == 1


def test_importing_our_modules_does_not_import_the_sdk():
    modules = "artifacts, codes, computes, connections, data, deployments, endpoints, jobs, models, rest, workspaces"
    program = (
        f"import sys\nfrom ops.azure import {modules}\n"
        "assert 'azure.ai.ml' not in sys.modules and 'django' not in sys.modules\n"
        "connections.preload()\nassert 'azure.ai.ml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_worker_can_start_before_its_cloud(monkeypatch):
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "local")
    monkeypatch.setenv("ARM_CLOUD_METADATA_URL", f"https://localhost:{free_port()}/metadata/endpoints")
    program = (
        "import os\nfrom ops.azure import connections\nconnections.preload()\n"
        "assert os.environ['AZUREML_CURRENT_CLOUD'] == 'local'"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")
