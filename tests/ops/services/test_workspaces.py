"""Registering: Azure's naming rules, one row per workspace in the whole portal, the right kind of credential."""

import pytest

from ops.errors import InvalidParameter
from ops.models import Credential, Mirror, Operation, Workspace
from ops.services import credentials, workspaces

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


def test_no_team_reaches_anothers_workspace_by_registering_it_again(team, alice, charlie):
    register(team, alice)
    other = charlie.teams.get()
    with pytest.raises(InvalidParameter) as refused:
        register(other, charlie, name="VISION", resource_group="ML-RG")
    assert refused.value.code == "workspace:taken"
    assert not other.workspaces.exists()


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
