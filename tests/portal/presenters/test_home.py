"""Home's short lists hold the newest of all nouns together."""

import pytest

from portal.presenters import home
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_runs_and_operations_are_told_together_newest_first_and_no_more_than_fit(workspace):
    for _number in range(home.LINES):
        factories.run(workspace)
    operation = factories.operation(workspace)
    running = home.page([workspace], may_write=True).running
    assert len(running) == home.LINES
    assert operation.get_kind_display() in running[0].title
    assert [line.at for line in running] == sorted((line.at for line in running), reverse=True)


def test_a_workspace_that_cannot_be_reached_needs_a_look(workspace):
    assert home.page([workspace], may_write=True).failed == []
    workspace.state, workspace.error_code = "failed", "azure:unreachable"
    (line,) = home.page([workspace], may_write=True).failed
    assert (line.title, line.state) == (workspace.name, "failed")


def test_the_next_step_follows_what_is_there(workspace):
    assert home.page([], may_write=True).next_step == "workspace"
    assert home.page([workspace], may_write=True).next_step == "job"
    factories.run(workspace, "Completed")
    page = home.page([workspace], may_write=True)
    assert [step.is_done for step in page.way] == [True, True, False, False, False]
    assert page.next_step == "version"
