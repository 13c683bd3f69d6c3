"""Endpoints over the API: deploying, traffic and deletions, each as an operation; each refusal says why."""

import pytest

from ops.models import Deployment, Endpoint, Operation
from tests.portal import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(workspace):
    return factories.version(workspace)


@pytest.fixture
def endpoint(workspace, version):
    endpoint = factories.endpoint(workspace)
    factories.deployment(endpoint, "blue", 100, model_version=version)
    factories.deployment(endpoint, "green", 0)
    return endpoint


def deploy(script, of, **given):
    return script.ask("POST", "endpoints/deploy", {"version": of.public_id} | given)


def test_a_version_is_deployed_to_a_new_endpoint(script, version, alice):
    status, operation = deploy(script, version, endpoint_name="fresh", instance_count=2)
    deployment = Deployment.objects.get()
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "deploy", deployment.public_id)
    assert (operation["endpoint"], operation["deployment"]) == (deployment.endpoint.public_id, "blue")
    assert (deployment.endpoint.name, deployment.instance_count, deployment.requested_by) == ("fresh", 2, alice)
    assert Operation.objects.about(deployment).get().public_id == operation["id"]


def test_a_version_is_deployed_beside_another(script, version, endpoint):
    status, operation = deploy(script, version, endpoint=endpoint.public_id)
    assert (status, operation["deployment"], operation["endpoint"]) == (202, "teal", endpoint.public_id)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ["endpoint_name"]),
        ({"endpoint_name": "-x"}, ["endpoint_name"]),
        ({"endpoint_name": "x" * 33}, ["endpoint_name"]),
        ({"endpoint_name": "new", "deployment_name": "a b"}, ["deployment_name"]),
        ({"endpoint_name": "new", "instance_count": 0}, ["instance_count"]),
        ({"endpoint_name": "new", "instance_count": 10**30}, ["instance_count"]),
        ({"endpoint_name": "new", "instance_count": "many"}, ["instance_count"]),
        ({"endpoint_name": "new", "instance_type": ""}, ["instance_type"]),
        ({"endpoint_name": "new", "instance_type": "a\x00"}, ["instance_type"]),
        ({"endpoint_name": "new", "request_timeout_ms": 180_001}, ["request_timeout_ms"]),
        ({"endpoint": "nobodys"}, ["endpoint"]),
        ({"endpoint_name": "new", "version": "nobodys"}, ["version"]),
        ({"endpoint_name": "new", "version": None}, ["version"]),
    ],
)
def test_a_wrong_value_deploys_nothing(script, version, given, fields):
    status, problem = deploy(script, version, **given)
    assert (status, list(problem["fields"])) == (422, fields)
    assert not Endpoint.objects.exists()


def test_a_name_is_taken_once(script, version, endpoint):
    status, problem = deploy(script, version, endpoint=endpoint.public_id, deployment_name="blue")
    assert (status, problem["code"], list(problem["fields"])) == (422, "deployment:name_taken", ["deployment_name"])


def test_only_one_change_at_a_time(script, version, endpoint, alice):
    assert deploy(script, version, endpoint=endpoint.public_id)[0] == 202
    status, problem = deploy(script, version, endpoint=endpoint.public_id)
    assert (status, problem["code"]) == (409, "operation:busy")
    assert "Alice" in problem["sentence"]


def test_an_endpoint_is_read_with_its_deployments(script, endpoint, workspace):
    address = f"/api/v1/endpoints/{endpoint.public_id}"
    first = script.get(address)
    document = first.json()
    assert document["traffic"] == {"blue": 100, "green": 0}
    assert [one["name"] for one in document["deployments"]] == ["blue", "green"]
    assert document["deployments"][0]["model_version"]["name"] == "mnist-lenet"
    assert document["deployments"][1]["model_version"] is None
    assert script.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    listed = script.ask("GET", f"endpoints?workspace={workspace.public_id}&state=ready&q=DIGITS")[1]["items"]
    assert [item["id"] for item in listed] == [endpoint.public_id]
    assert script.ask("GET", "endpoints?state=failed")[1]["items"] == []


def test_traffic_is_split(script, endpoint):
    status, operation = script.ask(
        "PUT", f"endpoints/{endpoint.public_id}/traffic", {"split": {"blue": 80, "green": 20}}
    )
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "shift_traffic", endpoint.public_id)
    assert Operation.objects.get().plan["split"] == {"blue": 80, "green": 20}


@pytest.mark.parametrize(
    ("split", "fields"),
    [
        ({"blue": 60}, ["split"]),
        ({}, ["split"]),
        ({"blue": 120, "green": -20}, ["split.blue"]),
        ({"blue": 10**400, "green": 0}, ["split.blue"]),
        ({"blue": 100, "nobody": 0}, ["split.nobody"]),
        ({"blue": 50, "nobody": 50}, ["split.nobody"]),
        ({"blue": 100, "x\x00": 0}, ["split"]),
        ({"blue": "most"}, ["split.blue"]),
        ({"blue": 99.5}, ["split.blue"]),
        ([100], ["split"]),
        (None, ["split"]),
    ],
)
def test_a_split_that_is_none_changes_nothing(script, endpoint, split, fields):
    status, problem = script.ask("PUT", f"endpoints/{endpoint.public_id}/traffic", {"split": split})
    assert (status, list(problem["fields"])) == (422, fields)
    assert all(problem["fields"].values())
    assert not Operation.objects.exists()


def test_an_endpoint_is_deleted_by_whoever_writes_its_name(script, endpoint):
    address = f"endpoints/{endpoint.public_id}"
    for query in ("", "?confirm=", "?confirm=other"):
        status, problem = script.ask("DELETE", f"{address}{query}")
        assert (status, list(problem["fields"])) == (422, ["confirm"])
    status, operation = script.ask("DELETE", f"{address}?confirm={endpoint.name}")
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "delete_endpoint", endpoint.public_id)
    assert Operation.objects.get().public_id == operation["id"]


def test_a_deployment_without_traffic_is_deleted(script, endpoint):
    blue, green = (endpoint.deployments.get(name=name) for name in ("blue", "green"))
    status, problem = script.ask("DELETE", f"endpoints/{endpoint.public_id}/deployments/{blue.public_id}")
    assert (status, problem["code"]) == (409, "deployment:has_traffic")
    status, operation = script.ask("DELETE", f"endpoints/{endpoint.public_id}/deployments/{green.public_id}")
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "delete_deployment", green.public_id)
