"""Workspaces over the API: registered with a credential that nobody reads again, tested, and let go."""

import pytest
from django.utils import timezone

from accounts.models import Team
from ops.models import Credential, Operation, Workspace
from tests.portal import factories

pytestmark = pytest.mark.django_db
SECRET = "a-client-secret-nobody-may-see"
GUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def clouds(settings):
    settings.CLOUDS = ["local", "AzureCloud"]


@pytest.fixture
def wanted(team):
    return {
        "team": team.public_id,
        "cloud": "AzureCloud",
        "subscription_id": GUID,
        "resource_group": "rg-ml",
        "name": "vision",
        "new_credential": {"name": "robot", "kind": "service_principal", "tenant_id": GUID, "client_id": GUID}
        | {"secret": SECRET},
    }


def test_a_workspace_is_registered_with_a_new_credential(script, wanted, team, alice):
    status, operation = script.ask("POST", "workspaces", wanted)
    workspace = Workspace.objects.get()
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "register_workspace", workspace.public_id)
    assert (workspace.team, workspace.cloud, workspace.name) == (team, "AzureCloud", "vision")
    assert (workspace.credential.name, workspace.credential.kind) == ("robot", "service_principal")
    assert Operation.objects.get().requested_by == alice
    for path in (
        "workspaces",
        f"workspaces/{workspace.public_id}",
        "workspaces/choices",
        f"operations/{operation['id']}",
    ):
        assert SECRET.encode() not in script.get(f"/api/v1/{path}").content


def test_a_workspace_is_registered_with_a_credential_that_the_team_has(script, wanted, team):
    credential = Credential.objects.create(team=team, kind="service_principal", name="mine")
    choices = script.ask("GET", "workspaces/choices")[1]
    assert choices["credentials"] == [
        {"id": credential.public_id, "name": "mine", "kind": "service_principal", "team": team.public_id}
    ]
    assert [cloud["name"] for cloud in choices["clouds"]] == ["local", "AzureCloud"]
    status, _operation = script.ask(
        "POST", "workspaces", wanted | {"new_credential": None, "credential": credential.public_id}
    )
    assert (status, Workspace.objects.get().credential) == (202, credential)


def test_the_local_workspace_needs_no_credential(script, wanted):
    local = script.ask("GET", "workspaces/choices")[1]["local"]
    del wanted["new_credential"]
    assert script.ask("POST", "workspaces", wanted | local | {"cloud": "local"})[0] == 202
    assert Workspace.objects.get().credential.kind == "local"
    assert script.ask("GET", "workspaces/choices")[1]["local"] is None


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"team": "nobodys"}, ["team"]),
        ({"cloud": "Nowhere"}, ["cloud"]),
        ({"cloud": "AzureChinaCloud"}, ["cloud"]),
        ({"subscription_id": "x"}, ["subscription_id"]),
        ({"subscription_id": ""}, ["subscription_id"]),
        ({"resource_group": "a/b"}, ["resource_group"]),
        ({"name": "x"}, ["name"]),
        ({"name": "ab\x00c"}, ["name"]),
        ({"name": 3}, ["name"]),
        ({"new_credential": None}, ["credential"]),
        ({"new_credential": None, "credential": "nobodys"}, ["credential"]),
        ({"new_credential": {"name": "robot"}}, ["new_credential.kind"]),
        ({"new_credential": {"name": " ", "kind": "managed_identity"}}, ["new_credential.name"]),
        ({"new_credential": {"name": "a\x00", "kind": "managed_identity"}}, ["new_credential.name"]),
        ({"new_credential": {"name": "robot", "kind": "service_principal"}}, ["new_credential.tenant_id"]),
        ({"new_credential": {"name": "robot", "kind": "password"}}, ["new_credential.kind"]),
        ({"new_credential": "robot"}, ["new_credential.name", "new_credential.kind"]),
    ],
)
def test_a_wrong_value_registers_nothing_and_keeps_no_credential(script, wanted, change, fields):
    status, problem = script.ask("POST", "workspaces", wanted | change)
    assert (status, list(problem["fields"])) == (422, fields), problem
    assert all(problem["fields"].values())
    assert not Workspace.objects.exists()
    assert not Credential.objects.exists()


def test_the_machines_identity_is_for_teams_that_a_site_admin_chose(script, wanted, team):
    identity = {"name": "machine", "kind": "managed_identity"}
    status, problem = script.ask("POST", "workspaces", wanted | {"new_credential": identity})
    assert (status, problem["code"]) == (422, "credential:host_identity_not_allowed")
    assert list(problem["fields"]) == ["new_credential.kind"]
    assert not Credential.objects.exists()
    credential = Credential.objects.create(team=team, **identity)
    status, problem = script.ask(
        "POST", "workspaces", wanted | {"new_credential": None, "credential": credential.public_id}
    )
    assert (status, list(problem["fields"])) == (422, ["credential"])
    Team.objects.update(may_use_host_identity=True)
    status, _operation = script.ask("POST", "workspaces", wanted | {"new_credential": identity | {"name": "other"}})
    assert status == 202


def test_a_registration_that_failed_is_corrected(script, wanted):
    first = script.ask("POST", "workspaces", wanted | {"name": "visoin"})[1]["target"]["id"]
    Operation.objects.update(state="failed", finished_at=timezone.now())
    Workspace.objects.update(state="failed", error_code="workspace:not_found")
    credential = Credential.objects.get().public_id
    corrected = wanted | {"new_credential": None, "credential": credential, "replaces": first}
    assert script.ask("POST", "workspaces", corrected)[0] == 202
    assert [one["name"] for one in script.ask("GET", "workspaces")[1]["items"]] == ["vision"]
    status, problem = script.ask("POST", "workspaces", corrected | {"name": "other"})
    assert (status, list(problem["fields"])) == (422, ["replaces"])


def test_a_name_of_a_credential_is_taken_once(script, wanted, team):
    Credential.objects.create(team=team, kind="managed_identity", name="robot")
    status, problem = script.ask("POST", "workspaces", wanted)
    assert (status, problem["code"]) == (422, "credential:name_taken")
    assert list(problem["fields"]) == ["new_credential.name"]


def test_a_workspace_is_registered_once(script, wanted):
    assert script.ask("POST", "workspaces", wanted)[0] == 202
    other = wanted["new_credential"] | {"name": "other"}
    status, problem = script.ask("POST", "workspaces", wanted | {"new_credential": other})
    assert (status, problem["code"], list(problem["fields"])) == (422, "workspace:registered_here", ["name"])
    assert Credential.objects.count() == 1


def test_a_workspace_is_read_with_its_computes(script, workspace):
    address = f"/api/v1/workspaces/{workspace.public_id}"
    first = script.get(address)
    assert [compute["name"] for compute in first.json()["computes"]] == ["cpu-cluster"]
    assert first.json()["operation"] is None
    assert script.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert [one["id"] for one in script.ask("GET", "workspaces?state=ready&q=LOCAL")[1]["items"]] == [
        workspace.public_id
    ]
    assert script.ask("GET", "workspaces?state=failed")[1]["items"] == []


def test_a_workspace_is_tested_once_at_a_time(script, workspace):
    status, operation = script.ask("POST", f"workspaces/{workspace.public_id}/test")
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "test_connection", workspace.public_id)
    status, problem = script.ask("POST", f"workspaces/{workspace.public_id}/test")
    assert (status, problem["code"]) == (409, "operation:busy")
    assert Operation.objects.count() == 1


def test_a_workspace_is_let_go_when_nothing_is_under_way(script, workspace):
    operation = factories.operation(workspace)
    status, problem = script.ask("DELETE", f"workspaces/{workspace.public_id}")
    assert (status, problem["code"]) == (409, "workspace:has_open_operation")
    operation.delete()
    assert script.ask("DELETE", f"workspaces/{workspace.public_id}") == (204, None)
    assert script.ask("GET", f"workspaces/{workspace.public_id}")[0] == 404
