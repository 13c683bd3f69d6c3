"""A workspace's page follows its check while that is open."""

import pytest

from portal.presenters import workspaces
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_a_page_is_live_while_the_connection_is_tested(workspace):
    quiet = workspaces.page(workspace, may_write=True)
    assert (quiet.operation, quiet.steps, quiet.is_live) == (None, [], False)
    check = factories.operation(workspace)
    busy = workspaces.page(workspace, may_write=True)
    assert (busy.operation, busy.is_live) == (check, True)
    assert busy.steps
    assert list(busy.recent) == [check]
