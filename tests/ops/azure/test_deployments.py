import threading
from dataclasses import replace

import pytest

from ops.azure import codes, deployments, endpoints, environments, models, rest
from ops.azure.errors import AzureNotFound
from ops.azure.facts import DeploymentSpec
from tests.ops.azure.conftest import TAGS, sent, until, wait


@pytest.fixture
def deployment(connection, name, run, source, conda_file):
    """A spec of a deployment whose parts exist; its server starts nothing heavy."""
    endpoint, model = name("serves"), name("model")
    wait(connection, endpoints.begin_create(connection, endpoint, "key", TAGS, ""))
    path = f"azureml://jobs/{run}/outputs/artifacts/paths/outputs/model"
    return DeploymentSpec(
        endpoint=endpoint,
        name="blue",
        model_id=models.create(connection, model, "1", path, "custom_model", "", TAGS, {}).arm_id,
        code_id=codes.upload(connection, source),
        scoring_script="score.py",
        environment_id=environments.ensure(connection, "portolan-serving", "1", conda_file, "ubuntu:22.04", TAGS),
        instance_type="Standard_DS3_v2",
        instance_count=1,
        request_timeout_ms=60_000,
        tags=TAGS,
    )


def end(connection, url):
    return until(lambda: rest.poll(connection, url), lambda poll: poll.status != "running", seconds=60)


def test_a_deployment_is_one_put_and_no_thread_of_the_sdk_polls(connection, server, deployment):
    endpoints.get(connection, deployment.endpoint)
    before = set(threading.enumerate())
    server.forget_requests()
    server.pace("polls:2", retry_after=3)
    url = deployments.begin_create(connection, deployment)
    assert set(threading.enumerate()) == before
    requests = sent(server, path="/workspaces/|OperationsStatus")
    assert len(requests) == 1
    assert requests[0].startswith("PUT ")
    facts = deployments.get(connection, deployment.endpoint, "blue")
    assert facts.state == "creating"
    assert (facts.endpoint, facts.name, facts.instance_count) == (deployment.endpoint, "blue", 1)
    assert (facts.instance_type, facts.request_timeout_ms) == ("Standard_DS3_v2", 60_000)
    assert facts.model_id.lower() == deployment.model_id.lower()
    assert facts.tags == TAGS
    assert facts.arm_id.lower().endswith(f"/onlineendpoints/{deployment.endpoint}/deployments/blue")
    assert facts.created_at.tzinfo
    assert [each.name for each in deployments.list_deployments(connection, deployment.endpoint)] == ["blue"]
    assert rest.poll(connection, url).status == "running"


def test_a_deployment_that_fails_tells_why_and_keeps_its_log(connection, server, deployment):
    server.fault(provisioning="deployments", path=deployment.endpoint, code="ResourceNotReady", message="It crashed.")
    failed = end(connection, deployments.begin_create(connection, deployment))
    assert (failed.status, failed.error_code) == ("failed", "ResourceNotReady")
    assert failed.error_message == "It crashed."
    assert deployments.get(connection, deployment.endpoint, "blue").state == "failed"
    assert isinstance(deployments.log(connection, deployment.endpoint, "blue"), str)


@pytest.mark.slow
def test_a_served_deployment_takes_traffic_and_is_deleted(connection, deployment):
    ended = end(connection, deployments.begin_create(connection, deployment))
    assert ended.status == "succeeded", deployments.log(connection, deployment.endpoint, "blue")
    wait(connection, endpoints.begin_set_traffic(connection, deployment.endpoint, {"blue": 100, "green": 0}))
    facts = endpoints.get(connection, deployment.endpoint)
    assert facts.traffic == {"blue": 100}
    assert facts.tags == TAGS
    log = deployments.log(connection, deployment.endpoint, "blue", "inference-server", 50)
    assert "UserContainerStart: Succeeded" in log
    assert "ready for serving" in log
    assert deployments.log(connection, deployment.endpoint, "blue", "storage-initializer")
    wait(connection, endpoints.begin_set_traffic(connection, deployment.endpoint, {"blue": 0}))
    assert endpoints.get(connection, deployment.endpoint).traffic == {}
    wait(connection, deployments.begin_delete(connection, deployment.endpoint, "blue"))
    assert deployments.list_deployments(connection, deployment.endpoint) == []
    with pytest.raises(AzureNotFound):
        deployments.get(connection, deployment.endpoint, "blue")


def test_a_deployment_of_an_endpoint_that_is_gone_is_not_found(connection, deployment):
    with pytest.raises(AzureNotFound):
        deployments.begin_create(connection, replace(deployment, endpoint="nobody"))
    with pytest.raises(AzureNotFound):
        deployments.list_deployments(connection, "nobody")
