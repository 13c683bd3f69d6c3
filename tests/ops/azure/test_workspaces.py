import pytest

from ops.azure import connections, workspaces
from ops.azure.connections import Target
from ops.azure.errors import AzureNotFound
from tests.ops.azure.conftest import IDENTITY, sent


def test_a_workspace_is_read_in_one_call(connection, target, server):
    facts = workspaces.get(connection)
    assert facts.arm_id.lower() == target.arm_id.lower()
    assert facts.name == target.workspace
    assert facts.location == "eastus"
    assert facts.mlflow_tracking_uri.startswith("azureml://")
    assert facts.discovery_url.startswith(server.url)
    assert len(server.requests(path="/workspaces/")) == 1


def test_what_is_known_is_not_asked_again(connection, server):
    workspaces.get(connection)
    server.forget_requests()
    assert workspaces.known(connection).location == "eastus"
    assert not sent(server)


@pytest.mark.parametrize("part", ["subscription_id", "resource_group", "workspace"])
def test_a_wrong_name_is_not_found(target, part):
    names = {"subscription_id": "99999999-0000-0000-0000-000000000000", "resource_group": "nobody", "workspace": "none"}
    wrong = Target(**{**target.__dict__, part: names[part]})
    with pytest.raises(AzureNotFound) as caught:
        workspaces.get(connections.connect(wrong, IDENTITY))
    assert names[part] in caught.value.message
    assert caught.value.request_id
