"""Looking up a workspace: register and test connection."""

import pytest

from ops.models import Mirror, Operation, Workspace
from ops.services import workspaces
from tests.ops.conftest import finish, finish_with_crashes, story

pytestmark = pytest.mark.django_db
State = Operation.State


@pytest.fixture
def register(team, alice, credential, azure):
    def make(**names) -> Operation:
        given = {
            "cloud": "local",
            "subscription_id": azure.env["AMLOCAL_SUBSCRIPTION_ID"],
            "resource_group": azure.env["AMLOCAL_RESOURCE_GROUP"],
            "name": azure.env["AMLOCAL_WORKSPACE"],
        } | names
        return workspaces.register(**{"team": team, "by": alice, "credential": credential} | given)

    return make


def test_a_workspace_is_looked_up_and_ready(register):
    operation = finish(register())
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    workspace = Workspace.objects.get()
    assert workspace.state == Workspace.State.READY
    assert workspace.arm_id.lower().endswith("/workspaces/local")
    assert workspace.location
    assert workspace.checked_at
    assert workspace.computes.filter(name="cpu-cluster").count() == 1
    assert Mirror.objects.get(workspace=workspace).next_at is not None


def test_a_worker_killed_around_every_step_changes_nothing(register):
    assert finish_with_crashes(register()).state == State.SUCCEEDED
    assert Workspace.objects.get().computes.filter(name="cpu-cluster").count() == 1


@pytest.mark.parametrize(
    "names",
    [
        {"name": "nowhere"},
        {"resource_group": "nobody"},
        {"subscription_id": "00000000-0000-0000-0000-00000000dead"},
    ],
)
def test_a_wrong_name_is_told(register, names):
    operation = finish(register(**names))
    assert (operation.state, operation.error_code) == (State.FAILED, "workspace:not_found")
    workspace = Workspace.objects.get()
    assert (workspace.state, workspace.error_code) == (Workspace.State.FAILED, "workspace:not_found")
    assert workspace.error_params == operation.error_params


def test_a_workspace_that_another_team_has_reached_is_told_after_it_was_reached(register, charlie, credential):
    finish(register())
    theirs = register(team=charlie.teams.get())
    operation = finish(theirs)
    assert (operation.state, operation.error_code) == (State.FAILED, "workspace:taken")
    assert operation.workspace.state == Workspace.State.FAILED
    assert Workspace.objects.filter(state=Workspace.State.READY).count() == 1


def test_a_workspace_that_may_not_be_read_is_told(register, azure):
    azure.fault(method="GET", path="/workspaces/local$", status=403, code="AuthorizationFailed", count=9)
    operation = finish(register())
    assert (operation.state, operation.error_code) == (State.FAILED, "workspace:denied")


def test_an_azure_that_does_not_answer_is_told_soon(register, azure):
    azure.fault(method="GET", path="/workspaces/local$", drop=True, count=99)
    operation = finish(register())
    assert (operation.state, operation.error_code) == (State.FAILED, "azure:unreachable")
    assert Workspace.objects.get().error_code == "azure:unreachable"


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}])
def test_every_call_of_a_look_up_may_fail_once(register, azure, fault):
    azure.fault(method="GET", path="/workspaces/local$", **fault)
    azure.fault(method="GET", path="/computes$", **fault)
    operation = finish(register())
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert azure.faults() == []


def test_a_failed_workspace_is_ready_after_a_better_test(register, azure, alice):
    azure.fault(method="GET", path="/workspaces/local$", status=403, code="AuthorizationFailed", count=1)
    finish(register())
    workspace = Workspace.objects.get()
    operation = finish(workspaces.test(workspace, alice))
    workspace.refresh_from_db()
    assert (operation.state, workspace.state, workspace.error_code) == (State.SUCCEEDED, Workspace.State.READY, "")
    assert ("step", "read_computes") in story(operation)
