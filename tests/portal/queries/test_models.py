"""The list of models names the newest living version; a version names what serves it."""

import pytest
from django.utils import timezone

from ops.models import Operation
from portal.queries import models
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_the_newest_living_version_is_named_in_one_more_query(workspace, django_assert_num_queries):
    for name in ("lenet", "mlp"):
        newest = [factories.version(workspace, name, number) for number in ("1", "2")][1]
        gone = factories.version(workspace, name, "3")
        gone.gone_at = timezone.now()
        gone.save()
    with django_assert_num_queries(2):
        found = list(models.with_newest(models.list_registered_models()))
    assert [(one.name, one.version_count, [v.version for v in one.newest]) for one in found] == [
        ("mlp", 2, ["2"]),
        ("lenet", 2, ["2"]),
    ]
    assert found[0].newest == [newest]


def test_what_serves_a_version_comes_with_most_traffic_first(workspace):
    version, endpoint = factories.version(workspace), factories.endpoint(workspace)
    for name, traffic in (("blue", 10), ("green", 90)):
        factories.deployment(endpoint, name, traffic, model_version=version)
    factories.deployment(endpoint, "old", 100, model_version=version, gone_at=timezone.now())
    assert [one.name for one in models.list_serving(version)] == ["green", "blue"]


def test_siblings_are_the_other_versions_of_the_same_model(workspace):
    first, second = (factories.version(workspace, number=number) for number in "12")
    factories.version(workspace, "other")
    assert list(models.list_siblings(first)) == [second]


def test_a_deployment_of_the_version_is_not_its_registration(workspace):
    version = factories.version(workspace)
    made = factories.operation(workspace, Operation.Kind.REGISTER_VERSION, "succeeded", target=version)
    factories.operation(workspace, Operation.Kind.DEPLOY, target=version)
    assert models.last_operation(version) == made
