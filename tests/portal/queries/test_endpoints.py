"""Deleted endpoints and deployments are history; fetching a key is no change of an endpoint."""

import pytest
from django.utils import timezone

from ops.models import Operation
from portal.queries import endpoints
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_what_is_gone_is_not_listed_and_most_traffic_comes_first(workspace):
    endpoint = factories.endpoint(workspace)
    factories.endpoint(workspace, "gone", gone_at=timezone.now())
    for name, traffic in (("a", 10), ("b", 90)):
        factories.deployment(endpoint, name, traffic)
    factories.deployment(endpoint, "old", 0, gone_at=timezone.now())
    (found,) = endpoints.list_endpoints()
    assert [one.name for one in endpoints.living(found)] == ["b", "a"]


def test_the_deployments_of_a_deleted_endpoint_are_not_listed(workspace):
    endpoint = factories.endpoint(workspace)
    blue = factories.deployment(endpoint)
    assert list(endpoints.list_deployments(endpoint.public_id)) == [blue]
    endpoint.gone_at = timezone.now()
    endpoint.save()
    assert list(endpoints.list_deployments(endpoint.public_id)) == []


def test_fetching_the_key_is_not_shown_as_a_change(workspace):
    endpoint = factories.endpoint(workspace)
    deployed = factories.operation(
        workspace, Operation.Kind.DEPLOY, "succeeded", target=endpoint, lock_key=endpoint.lock_key
    )
    factories.operation(workspace, Operation.Kind.RENEW_KEY, target=endpoint)
    assert endpoints.last_operation(endpoint) == deployed
