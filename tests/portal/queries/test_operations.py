"""Operations of workspaces that were let go are hidden; those on one thing come newest first."""

import pytest
from django.utils import timezone

from ops.models import Operation
from portal.queries import operations
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_operations_of_a_workspace_that_was_let_go_are_not_listed(workspace):
    operation = factories.operation(workspace)
    assert list(operations.list_operations()) == [operation]
    workspace.unregistered_at = timezone.now()
    workspace.save()
    assert list(operations.list_operations()) == []


def test_the_operations_on_a_thing_are_its_own_newest_first(workspace):
    mine, other = factories.endpoint(workspace), factories.endpoint(workspace, "other")
    first = factories.operation(workspace, Operation.Kind.DEPLOY, "succeeded", target=mine)
    second = factories.operation(workspace, Operation.Kind.SHIFT_TRAFFIC, target=mine)
    factories.operation(workspace, Operation.Kind.DEPLOY, target=other)
    assert list(operations.list_operations_on(mine)) == [second, first]
