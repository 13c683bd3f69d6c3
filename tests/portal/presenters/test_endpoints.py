"""An endpoint's split as bars, what moves, and when it may be changed."""

import pytest

from ops.models import Operation
from portal.presenters import endpoints
from portal.queries import endpoints as queries
from tests.portal import factories

pytestmark = pytest.mark.django_db


def read():
    return queries.list_endpoints().get()


def test_bars_stand_side_by_side_in_two_tones(workspace):
    endpoint = factories.endpoint(workspace)
    for name, traffic in (("a", 70), ("b", 20), ("c", 10)):
        factories.deployment(endpoint, name, traffic)
    bars = endpoints.bars(queries.living(read()))
    assert [(bar.name, bar.x, bar.width, bar.tone) for bar in bars] == [
        ("a", 0, 70, 1),
        ("b", 70, 20, 2),
        ("c", 90, 10, 1),
    ]


def test_an_endpoint_moves_with_its_deployments(workspace):
    blue = factories.deployment(factories.endpoint(workspace), instance_count=2)
    assert not endpoints.is_moving(read())
    assert endpoints.row(read()).instances == 2
    blue.state = "updating"
    blue.save()
    assert endpoints.is_moving(read())


def test_nothing_may_be_changed_while_an_operation_is_open(workspace):
    endpoint = factories.endpoint(workspace)
    factories.deployment(endpoint)
    assert endpoints.page(read(), may_write=True).may_change
    assert not endpoints.page(read(), may_write=False).may_change
    factories.operation(workspace, Operation.Kind.SHIFT_TRAFFIC, target=endpoint, lock_key=endpoint.lock_key)
    page = endpoints.page(read(), may_write=True)
    assert (page.may_change, page.is_live, page.total) == (False, True, 100)


def test_a_failed_deployment_tells_its_error_once(workspace):
    endpoint = factories.endpoint(workspace)
    failed = {"error_code": "azure:unreachable", "error_params": {}}
    factories.operation(
        workspace, Operation.Kind.DEPLOY, "failed", target=endpoint, lock_key=endpoint.lock_key, **failed
    )
    assert endpoints.page(read(), may_write=True).operation_error is not None
    factories.deployment(endpoint, "red", 0, "failed", **failed)
    page = endpoints.page(read(), may_write=True)
    assert page.operation_error is None
    assert page.living[0].problem.code == "azure:unreachable"
    assert not page.may_predict
