"""Deploying, moving traffic, keys and deleting, against real inference servers on amlocal."""

import contextlib

import pytest
from django.utils import timezone

from accounts.ids import new_public_id
from ops import targets, vault
from ops.azure import deployments as azure_deployments
from ops.azure import endpoints as azure_endpoints
from ops.azure.errors import AzureError
from ops.models import Deployment, Endpoint, ModelVersion, Operation, RegisteredModel
from ops.services import deployments, endpoints, operations, traffic, versions
from tests.ops.conftest import (
    advance,
    connected,
    finish,
    finish_with_crashes,
    puts,
    story,
    wait_until,
)

pytestmark = pytest.mark.django_db
State = Operation.State


@pytest.fixture(scope="session")
def known_versions() -> dict[str, dict]:
    return {}


@pytest.fixture
def version(completed, workspace, alice, known_versions) -> ModelVersion:
    """A ready version; registered in amlocal by the first test that asks."""
    if "ready" not in known_versions:
        operation = finish(versions.register(run=completed, by=alice, name=f"model-{new_public_id()}"))
        found = ModelVersion.objects.get(pk=operation.target_id)
        assert found.state == ModelVersion.State.READY
        columns = ("version", "state", "kind", "path", "arm_id")
        known_versions["ready"] = {name: getattr(found, name) for name in columns} | {
            "name": found.registered_model.name
        }
        return found
    columns = dict(known_versions["ready"])
    line = RegisteredModel.objects.create(workspace=workspace, name=columns.pop("name"))
    return ModelVersion.objects.create(registered_model=line, run=completed, **columns)


@pytest.fixture
def name(azure, workspace):
    """An endpoint name; what stands there afterwards is deleted."""
    name = f"e-{new_public_id()}"
    yield name
    azure.clear_faults()
    with contextlib.suppress(AzureError):
        azure_endpoints.begin_delete(connected(workspace), name)


@pytest.fixture
def deploy(version, alice, name, azure):
    azure.forget_requests()

    def make(deployment: str = "", endpoint: str = name, **more) -> Operation:
        return deployments.create(version=version, by=alice, endpoint_name=endpoint, deployment_name=deployment, **more)

    return make


def endpoint_of(operation: Operation) -> Endpoint:
    return Endpoint.objects.get(pk=targets.endpoint(operation).pk)


def deployment_of(operation: Operation) -> Deployment:
    return Deployment.objects.get(pk=operation.target_id)


def endpoint_creates(azure, name: str) -> list[dict]:
    """PUTs of an endpoint that is not there yet: amlocal answers 201 to these."""
    return [entry for entry in puts(azure, f"/onlineEndpoints/{name}$") if entry["status"] == 201]


def test_the_first_deployment_gets_all_traffic_and_the_key_is_kept(deploy, name, azure, workspace):
    operation = finish(deploy(request_timeout_ms=9000))
    assert (operation.state, operation.error_code, operation.error_params) == (State.SUCCEEDED, "", {})
    endpoint, deployment = endpoint_of(operation), deployment_of(operation)
    assert (endpoint.state, deployment.state, deployment.traffic) == ("ready", "ready", 100)
    assert endpoint.scoring_uri.endswith("/score")
    assert vault.decrypt(endpoint.key_encrypted) == azure_endpoints.key(connected(workspace), name)
    assert endpoint.key_encrypted != vault.decrypt(endpoint.key_encrypted)
    facts = azure_deployments.get(connected(workspace), name, "blue")
    assert (facts.state, facts.request_timeout_ms) == ("ready", 9000)
    assert facts.tags["portolan-operation"] == operation.public_id
    assert azure_endpoints.get(connected(workspace), name).traffic == {"blue": 100}


def test_a_further_deployment_gets_none_until_traffic_is_shifted(deploy, alice, azure, workspace, name):
    finish(deploy())
    operation = finish(deploy())
    assert (deployment_of(operation).name, deployment_of(operation).traffic) == ("green", 0)
    endpoint = endpoint_of(operation)
    shifted = finish(traffic.shift(endpoint=endpoint, split={"blue": 80, "green": 20}, by=alice))
    assert (shifted.state, shifted.error_code) == (State.SUCCEEDED, "")
    assert dict(endpoint.deployments.values_list("name", "traffic")) == {"blue": 80, "green": 20}
    assert azure_endpoints.get(connected(workspace), name).traffic == {"blue": 80, "green": 20}
    assert azure_endpoints.get(connected(workspace), name).tags["portolan-operation"] != shifted.public_id


def test_a_worker_killed_around_every_step_makes_each_thing_once(deploy, name, azure):
    operation = finish_with_crashes(deploy())
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert len(endpoint_creates(azure, name)) == 1
    assert len(puts(azure, f"/onlineEndpoints/{name}/deployments/blue$")) == 1
    assert len(puts(azure, "/codes/[^/]+/versions/1$")) == 1
    assert len(puts(azure, "/environments/portolan-scoring/versions/")) == 1
    assert deployment_of(operation).traffic == 100


def test_a_worker_killed_around_every_step_with_an_azure_that_takes_its_time(deploy, name, azure):
    azure.pace("seconds:1", retry_after=1)
    operation = finish_with_crashes(deploy())
    assert operation.state == State.SUCCEEDED
    assert len(endpoint_creates(azure, name)) == 1
    assert len(puts(azure, f"/onlineEndpoints/{name}/deployments/blue$")) == 1
    phases = [code for kind, code in story(operation) if kind == "phase"]
    assert "phase:deployment_starting" in phases


def test_answers_lost_after_a_put_make_no_second_one(deploy, name, azure):
    azure.fault(method="PUT", path=f"/onlineEndpoints/{name}$", lose=True)
    azure.fault(method="PUT", path="/deployments/blue$", lose=True)
    operation = finish(deploy())
    assert operation.state == State.SUCCEEDED
    # The second PUT of the endpoint is its traffic.
    assert len(azure.requests("PUT", f"/onlineEndpoints/{name}$")) == 2
    assert len(azure.requests("PUT", "/deployments/blue$")) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}, {"drop": True}])
def test_every_call_may_fail_once(deploy, name, azure, fault):
    azure.pace("polls:1", retry_after=1)
    for method, path in (
        ("GET", f"/onlineEndpoints/{name}$"),
        ("PUT", f"/onlineEndpoints/{name}$"),
        ("GET", "/mfeOperationsStatus/"),
        ("GET", "/codes/"),
        ("POST", "/startPendingUpload$"),
        ("PUT", "blob.core"),
        ("PUT", "/codes/"),
        ("GET", "/environments/"),
        ("PUT", "/environments/"),
        ("GET", "/deployments/blue$"),
        ("PUT", "/deployments/blue$"),
        ("POST", "/listKeys$"),
    ):
        azure.fault(method=method, path=path, **fault)
    operation = finish(deploy())
    assert (operation.state, operation.error_code, operation.error_params) == (State.SUCCEEDED, "", {})
    assert azure.faults() == []
    assert len(endpoint_creates(azure, name)) == 1
    assert len(puts(azure, "/deployments/blue$")) == 1


def test_a_strangers_endpoint_is_left_alone_and_the_row_is_given_up(deploy, name, azure, workspace):
    azure_endpoints.begin_create(connected(workspace), name, "key", {"owner": "somebody"}, "")
    operation = finish(deploy())
    assert (operation.state, operation.error_code) == (State.FAILED, "endpoint:name_taken")
    endpoint = endpoint_of(operation)
    assert (endpoint.gone_at is not None, endpoint.error_code) == (True, "endpoint:name_taken")
    assert deployment_of(operation).state == "failed"
    assert dict(azure_endpoints.get(connected(workspace), name).tags) == {"owner": "somebody"}
    assert len(endpoint_creates(azure, name)) == 1


def test_a_name_taken_elsewhere_in_the_region_is_told_and_can_be_tried_again(deploy, name, azure, alice):
    azure.fault(
        method="PUT",
        path=f"/onlineEndpoints/{name}$",
        status=400,
        code="BadRequest",
        message="The endpoint name is already in use in this region.",
    )
    operation = finish(deploy())
    assert (operation.state, operation.error_code) == (State.FAILED, "endpoint:name_taken")
    assert endpoint_of(operation).gone_at is not None
    again = finish(operations.retry(operation, alice))
    assert (again.state, endpoint_of(again).gone_at) == (State.SUCCEEDED, None)


def test_an_init_that_raises_fails_with_the_kept_log(deploy, quick, azure, name):
    (quick / "entry" / "broken").write_text(name)
    operation = finish(deploy())
    assert (operation.state, operation.error_code) == (State.FAILED, "deployment:failed")
    deployment = deployment_of(operation)
    assert (deployment.state, deployment.error_code) == ("failed", "deployment:failed")
    assert "shelf is empty" in deployment.log_text
    assert "=== inference-server" in deployment.log_text
    assert endpoint_of(operation).gone_at is None
    assert endpoint_of(operation).state == "ready"


def test_the_log_is_kept_although_azure_is_busy_when_it_is_asked(deploy, quick, azure, name):
    (quick / "entry" / "broken").write_text(name)
    azure.fault(method="POST", path="/getLogs$", status=429, retry_after=1)
    operation = finish(deploy())
    assert operation.error_code == "deployment:failed"
    assert "shelf is empty" in deployment_of(operation).log_text


def test_a_failed_deployment_is_deleted_and_made_anew(deploy, quick, azure, name, alice):
    broken = quick / "entry" / "broken"
    broken.write_text(name)
    operation = finish(deploy())
    broken.unlink()
    again = finish(operations.retry(operation, alice))
    assert (again.state, again.error_code, deployment_of(again).state) == (State.SUCCEEDED, "", "ready")
    assert deployment_of(again).error_code == ""
    assert len(puts(azure, "/deployments/blue$")) == 2


@pytest.mark.slow
def test_a_cancelled_deployment_is_taken_back(deploy, name, azure, alice, workspace):
    azure.pace(deployments="seconds:3", retry_after=1)
    operation = deploy()
    while operation.step != "await_deployment":
        advance(operation)
    operations.cancel(operation, alice)
    finish(operation)
    assert (operation.state, operation.error_code) == (State.CANCELLED, "")
    assert deployment_of(operation).gone_at is not None
    assert azure_deployments.list_deployments(connected(workspace), name) == []
    assert endpoint_of(operation).gone_at is None
    azure.pace("immediate", retry_after=1)
    again = finish(operations.retry(operation, alice))
    assert (again.state, again.error_code) == (State.SUCCEEDED, "")
    assert (deployment_of(again).gone_at, deployment_of(again).state) == (None, "ready")


def test_cancelled_before_anything_was_sent_no_row_stays_open(deploy, name, azure, alice):
    operation = deploy()
    operations.cancel(operation, alice)
    finish(operation)
    assert operation.state == State.CANCELLED
    assert (endpoint_of(operation).gone_at is None, deployment_of(operation).gone_at is None) == (False, False)
    assert puts(azure, "/onlineEndpoints/") == []
    again = finish(operations.retry(operation, alice))
    assert (again.state, endpoint_of(again).gone_at, deployment_of(again).gone_at) == (State.SUCCEEDED, None, None)


def test_past_the_deadline_a_ready_deployment_is_adopted_and_finished(deploy, name, azure, workspace):
    operation = deploy()
    while operation.step != "await_deployment":
        advance(operation)
    wait_until(lambda: azure_deployments.get(connected(workspace), name, "blue").state == "ready")
    Operation.objects.filter(pk=operation.pk).update(deadline_at=timezone.now())
    finish(operation)
    assert (operation.state, deployment_of(operation).traffic) == (State.SUCCEEDED, 100)
    assert ("step", "reconcile") in story(operation)


def test_traffic_survives_a_worker_killed_around_every_step(deploy, alice, azure):
    finish(deploy())
    endpoint = endpoint_of(finish(deploy()))
    operation = finish_with_crashes(traffic.shift(endpoint=endpoint, split={"green": 100}, by=alice))
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert dict(endpoint.deployments.values_list("name", "traffic")) == {"blue": 0, "green": 100}


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}])
def test_every_call_of_a_traffic_change_and_a_key_may_fail_once(deploy, alice, azure, name, fault):
    azure.pace("polls:1", retry_after=1)
    finish(deploy())
    endpoint = endpoint_of(finish(deploy()))
    for method, path in (
        ("GET", f"/onlineEndpoints/{name}$"),
        ("PUT", f"/onlineEndpoints/{name}$"),
        ("GET", "/mfeOperationsStatus/"),
    ):
        azure.fault(method=method, path=path, **fault)
    shifted = finish(traffic.shift(endpoint=endpoint, split={"green": 100}, by=alice))
    assert (shifted.state, shifted.error_code) == (State.SUCCEEDED, "")
    azure.fault(method="POST", path="/listKeys$", **fault)
    assert finish(endpoints.renew_key(endpoint)).state == State.SUCCEEDED
    assert azure.faults() == []


def test_a_key_that_was_renewed_in_azure_is_fetched_again(deploy, azure, workspace, name):
    endpoint = endpoint_of(finish(deploy()))
    Endpoint.objects.update(key_encrypted=vault.encrypt("an old key"))
    operation = endpoints.renew_key(endpoint)
    azure.fault(method="POST", path="/listKeys$", status=500)
    finish(operation)
    assert operation.state == State.SUCCEEDED
    endpoint.refresh_from_db()
    assert vault.decrypt(endpoint.key_encrypted) == azure_endpoints.key(connected(workspace), name)


def test_the_last_deployment_is_deleted_after_its_traffic(deploy, azure, alice, workspace, name):
    operation = finish(deploy())
    deletion = finish_with_crashes(deployments.delete(deployment_of(operation), alice))
    assert (deletion.state, deletion.error_code) == (State.SUCCEEDED, "")
    assert deployment_of(operation).gone_at is not None
    assert azure_deployments.list_deployments(connected(workspace), name) == []
    assert azure_endpoints.get(connected(workspace), name).traffic == {}


@pytest.mark.slow
def test_an_endpoint_is_deleted_with_all_behind_it(deploy, azure, alice, workspace, name):
    azure.pace("seconds:1", retry_after=1)
    operation = finish(deploy())
    deletion = finish_with_crashes(endpoints.delete(endpoint_of(operation), alice, name))
    assert (deletion.state, deletion.error_code) == (State.SUCCEEDED, "")
    endpoint = endpoint_of(operation)
    assert (endpoint.gone_at is not None, endpoint.key_encrypted) == (True, "")
    assert deployment_of(operation).gone_at is not None
    assert name not in [facts.name for facts in azure_endpoints.list_endpoints(connected(workspace))]


def test_what_is_gone_already_is_deleted_without_complaint(deploy, azure, alice, workspace, name):
    operation = finish(deploy())
    azure_endpoints.begin_delete(connected(workspace), name)
    wait_until(lambda: name not in [facts.name for facts in azure_endpoints.list_endpoints(connected(workspace))])
    assert finish(deployments.delete(deployment_of(operation), alice)).state == State.SUCCEEDED
    assert finish(endpoints.delete(endpoint_of(operation), alice, name)).state == State.SUCCEEDED


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}])
def test_every_call_of_a_deletion_may_fail_once(deploy, azure, alice, name, fault):
    azure.pace("polls:1", retry_after=1)
    operation = finish(deploy())
    for method, path in (
        ("GET", f"/onlineEndpoints/{name}$"),
        ("PUT", f"/onlineEndpoints/{name}$"),
        ("GET", "/mfeOperationsStatus/"),
        ("GET", "/deployments/blue$"),
        ("DELETE", "/deployments/blue$"),
    ):
        azure.fault(method=method, path=path, **fault)
    assert finish(deployments.delete(deployment_of(operation), alice)).state == State.SUCCEEDED
    azure.fault(method="DELETE", path=f"/onlineEndpoints/{name}$", **fault)
    assert finish(endpoints.delete(endpoint_of(operation), alice, name)).state == State.SUCCEEDED
    assert azure.faults() == []


def test_a_kind_without_a_flow_does_not_exist():
    from ops.engine.registry import FLOWS

    assert set(FLOWS) == set(Operation.Kind.values)
