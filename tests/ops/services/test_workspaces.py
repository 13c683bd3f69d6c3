"""Registering: Azure's naming rules, one row per workspace in the whole portal, the right kind of credential."""

import pytest
from django.utils import timezone

from ops.engine import clouds
from ops.errors import InvalidParameter, OpsError
from ops.models import Credential, Mirror, Operation, Workspace
from ops.services import credentials, people, workspaces

pytestmark = pytest.mark.django_db
NAMES = {
    "cloud": "local",
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "ml-rg",
    "name": "vision",
}


def register(team, by, **changed):
    given = {**NAMES, "credential": credentials.for_local(team), **changed}
    return workspaces.register(team=team, by=by, **given)


def test_registering_leaves_a_row_its_mirror_and_an_operation(team, alice):
    operation = register(team, alice)
    assert operation.kind == Operation.Kind.REGISTER_WORKSPACE
    assert operation.workspace.state == Workspace.State.REGISTERING
    assert Mirror.objects.filter(workspace=operation.workspace).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subscription_id", "not-a-guid"),
        ("resource_group", "ends."),
        ("resource_group", ""),
        ("name", "ab"),
        ("name", "-vision"),
        ("name", "x" * 34),
        ("cloud", "AzureChinaCloud"),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_made(team, alice, field, value):
    with pytest.raises(InvalidParameter) as refused:
        register(team, alice, **{field: value})
    assert refused.value.field == field
    assert not Workspace.objects.exists()


def test_a_team_registers_a_workspace_once(team, alice):
    register(team, alice)
    with pytest.raises(InvalidParameter) as refused:
        register(team, alice, name="VISION", resource_group="ML-RG")
    assert refused.value.code == "workspace:registered_here"
    assert team.workspaces.count() == 1


def test_a_name_is_neither_reserved_nor_told_before_it_was_reached(team, alice, charlie):
    first = register(team, alice).workspace
    other = charlie.teams.get()
    assert register(other, charlie).workspace != first


def test_a_failed_registration_is_corrected_and_a_reached_one_is_not(team, alice):
    def over(state, **facts):
        Operation.objects.update(finished_at=timezone.now(), state="failed")
        Workspace.objects.filter(unregistered_at=None).update(state=state, **facts)
        return Workspace.objects.get(unregistered_at=None)

    mistyped = register(team, alice, name="visoin").workspace
    over("failed")
    right = register(team, alice, replaces=over("failed")).workspace
    mistyped.refresh_from_db()
    assert mistyped.unregistered_at
    reached = over("failed", reached_at=timezone.now())
    another = register(team, alice, name="another", replaces=reached).workspace
    assert set(Workspace.objects.filter(unregistered_at=None)) == {right, another}


def test_the_hosts_identity_is_used_only_where_a_site_admin_allowed_it(team, alice, settings):
    settings.CLOUDS = ["AzureCloud"]
    with pytest.raises(InvalidParameter) as refused:
        credentials.create(team=team, name="host", kind="managed_identity")
    assert (refused.value.code, refused.value.field) == ("credential:host_identity_not_allowed", "kind")
    people.allow_host_identity(team, is_allowed=True, by=alice)
    team.refresh_from_db()
    identity = credentials.create(team=team, name="host", kind="managed_identity")
    workspace = register(team, alice, cloud="AzureCloud", credential=identity).workspace
    people.allow_host_identity(team, is_allowed=False, by=alice)
    team.refresh_from_db()
    with pytest.raises(InvalidParameter):
        register(team, alice, cloud="AzureCloud", credential=identity, name="another")
    workspace.refresh_from_db()
    with pytest.raises(OpsError, match="host_identity_not_allowed"):
        clouds.connect(workspace)


def test_an_unregistered_workspace_can_be_registered_again(team, alice):
    first = register(team, alice)
    Operation.objects.update(finished_at="2026-01-01T00:00Z")
    workspaces.unregister(first.workspace, alice)
    assert register(team, alice).workspace != first.workspace


def test_the_local_cloud_takes_only_the_local_credential(team, alice):
    principal = credentials.create(
        team=team, name="ci", kind="service_principal", tenant_id="t", client_id="c", secret="s3cret"
    )
    with pytest.raises(InvalidParameter) as refused:
        register(team, alice, credential=principal)
    assert refused.value.field == "credential"


def test_a_secret_is_encrypted_and_read_back_only_through_the_vault(team):
    from ops import vault

    made = credentials.create(
        team=team, name="ci", kind="service_principal", tenant_id="t", client_id="c", secret="s3cret"
    )
    stored = Credential.objects.get(pk=made.pk)
    assert "s3cret" not in stored.secret_encrypted
    assert vault.decrypt(stored.secret_encrypted) == "s3cret"


def test_a_service_principal_needs_all_its_parts(team):
    with pytest.raises(InvalidParameter) as refused:
        credentials.create(team=team, name="ci", kind="service_principal", tenant_id="t", client_id="c")
    assert refused.value.field == "secret"
