"""Deploying, splitting traffic, deleting: Azure's name rules, who is busy, whose name it is."""

import pytest
from django.utils import timezone

from ops import targets
from ops.errors import InvalidParameter, NameTaken, OperationInProgress, Refused, TrafficNotWhole, WrongState
from ops.models import Deployment, Endpoint, ModelVersion, Operation, RegisteredModel, Run
from ops.services import deployments, endpoints, traffic, versions
from tests.portal import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(workspace):
    registered = RegisteredModel.objects.create(workspace=workspace, name="mnist-lenet")
    return ModelVersion.objects.create(registered_model=registered, version="1", state=ModelVersion.State.READY)


@pytest.fixture
def endpoint(workspace):
    endpoint = Endpoint.objects.create(workspace=workspace, name="digits", is_ours=True, state="ready")
    for name, share in (("blue", 100), ("green", 0)):
        Deployment.objects.create(endpoint=endpoint, name=name, state="ready", traffic=share, is_ours=True)
    return endpoint


def free(endpoint):
    Operation.objects.filter(lock_key=endpoint.lock_key).update(finished_at=timezone.now(), state="succeeded")


def test_deploying_makes_endpoint_deployment_and_operation(version, alice):
    operation = deployments.create(version=version, by=alice, endpoint_name="digits")
    deployment = Deployment.objects.get(pk=operation.target_id)
    assert operation.lock_key == targets.endpoint(operation).lock_key
    assert (deployment.name, deployment.traffic, deployment.model_version) == ("blue", 0, version)


def test_the_next_free_colour_is_taken(version, endpoint, alice):
    operation = deployments.create(version=version, by=alice, endpoint_name="digits")
    assert operation.target.name == "teal"


def test_two_people_at_one_endpoint_the_second_hears_of_the_first(version, endpoint, alice, olivia):
    deployments.create(version=version, by=alice, endpoint_name="digits")
    with pytest.raises(OperationInProgress) as refused:
        deployments.create(version=version, by=olivia, endpoint_name="digits")
    assert refused.value.params["who"] == "Alice"
    assert endpoint.deployments.count() == 3


@pytest.mark.parametrize("name", ["ab", "1digits", "digits-", "dig--its", "dig_its", "x" * 33, ""])
def test_an_endpoint_name_against_azures_rules_is_refused(version, alice, name):
    with pytest.raises(InvalidParameter) as refused:
        deployments.create(version=version, by=alice, endpoint_name=name)
    assert refused.value.field == "endpoint_name"
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("instance_count", 0), ("instance_count", 51), ("request_timeout_ms", 0), ("request_timeout_ms", 200_000)],
)
def test_numbers_out_of_azures_limits_are_refused(version, alice, field, value):
    with pytest.raises(InvalidParameter) as refused:
        deployments.create(version=version, by=alice, endpoint_name="digits", **{field: value})
    assert refused.value.field == field


def test_an_endpoint_made_elsewhere_is_not_touched(version, endpoint, alice):
    Endpoint.objects.update(is_ours=False)
    with pytest.raises(NameTaken):
        deployments.create(version=version, by=alice, endpoint_name="digits")


def test_a_version_that_is_not_ready_is_not_deployed(version, alice):
    version.state = ModelVersion.State.REGISTERING
    with pytest.raises(WrongState):
        deployments.create(version=version, by=alice, endpoint_name="digits")


def test_traffic_is_split_over_ready_deployments_and_sums_to_100(endpoint, alice):
    operation = traffic.shift(endpoint=endpoint, split={"green": 20, "blue": 80}, by=alice)
    assert operation.plan == {"split": {"blue": 80, "green": 20}}
    free(endpoint)
    assert traffic.shift(endpoint=endpoint, split={"green": 100}, by=alice).plan["split"] == {"blue": 0, "green": 100}


@pytest.mark.parametrize("split", [{"blue": 50}, {"blue": 60, "green": 60}, {}])
def test_a_split_that_is_not_whole_is_refused(endpoint, alice, split):
    with pytest.raises(TrafficNotWhole):
        traffic.shift(endpoint=endpoint, split=split, by=alice)


def test_an_unknown_deployment_or_a_negative_share_is_refused(endpoint, alice):
    with pytest.raises(InvalidParameter):
        traffic.shift(endpoint=endpoint, split={"red": 100}, by=alice)
    with pytest.raises(InvalidParameter):
        traffic.shift(endpoint=endpoint, split={"blue": 120, "green": -20}, by=alice)


def test_a_deployment_with_traffic_stays_while_another_could_take_it(endpoint, alice):
    blue, green = endpoint.deployments.order_by("name")
    with pytest.raises(Refused):
        deployments.delete(blue, alice)
    assert deployments.delete(green, alice).kind == Operation.Kind.DELETE_DEPLOYMENT


def test_deleting_an_endpoint_needs_its_name_typed(endpoint, alice):
    with pytest.raises(InvalidParameter):
        endpoints.delete(endpoint, alice, "digit")
    assert endpoints.delete(endpoint, alice, "digits").kind == Operation.Kind.DELETE_ENDPOINT


def test_one_key_renewal_at_a_time(endpoint):
    assert endpoints.renew_key(endpoint)
    assert endpoints.renew_key(endpoint) is None


def test_a_version_needs_a_completed_run(workspace, alice):
    run = Run.objects.create(workspace=workspace, name="r-1", spec=factories.spec(), status="Running")
    with pytest.raises(WrongState):
        versions.register(run=run, by=alice)
    run.status = "Completed"
    run.metrics.create(key="val_accuracy", last_value=0.97)
    run.save()
    operation = versions.register(run=run, by=alice)
    assert targets.version(operation).metrics == {"val_accuracy": 0.97}
    assert targets.version(operation).registered_model.name == "mnist-lenet"
    assert operation.plan["model_path"] == "outputs/model"
    with pytest.raises(InvalidParameter):
        versions.register(run=run, by=alice, name="no spaces")
