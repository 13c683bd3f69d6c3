"""What an operation works on has a name and, while it exists, a page."""

import pytest
from django.urls import reverse
from django.utils import timezone

from ops.models import Operation
from portal.presenters.targets import Target, target_of
from portal.queries import operations
from tests.portal import factories

pytestmark = pytest.mark.django_db
Kind = Operation.Kind


def test_the_target_is_the_thing_itself_with_its_page(workspace):
    run, version, endpoint = factories.run(workspace), factories.version(workspace), factories.endpoint(workspace)
    expected = {
        run: Target(str(run), reverse("jobs:detail", args=[run.public_id])),
        version: Target(str(version), reverse("models:version", args=[version.public_id])),
        endpoint: Target(endpoint.name, reverse("endpoints:detail", args=[endpoint.public_id])),
        workspace: Target(workspace.name, reverse("workspaces:detail", args=[workspace.public_id])),
    }
    for thing, target in expected.items():
        assert target_of(factories.operation(workspace, target=thing)) == target


def test_a_deployment_is_shown_on_the_page_of_its_endpoint(workspace):
    deployment = factories.deployment(factories.endpoint(workspace))
    target = target_of(factories.operation(workspace, Kind.DEPLOY, target=deployment))
    assert target.url == reverse("endpoints:detail", args=[deployment.endpoint.public_id])


def test_a_deleted_endpoint_has_a_name_and_no_page(workspace):
    endpoint = factories.endpoint(workspace, gone_at=timezone.now())
    operation = factories.operation(workspace, Kind.DELETE_ENDPOINT, "succeeded", target=endpoint)
    assert target_of(operation) == Target(endpoint.name, "")


def test_a_list_reads_its_targets_in_one_query_for_each_noun(workspace, django_assert_num_queries):
    for _number in range(3):
        factories.operation(workspace, target=factories.run(workspace))
        factories.operation(workspace)
    with django_assert_num_queries(3):
        rows = list(operations.list_operations())
        operations.read_targets(rows)
        assert len({target_of(row) for row in rows}) == 4
