"""Workspaces: registering in each way, what is refused and that nothing typed is lost, secrets that never come back."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from ops import vault
from ops.models import Credential, Operation, Workspace
from tests.portal import factories

REGISTER = "/workspaces/register/"
NAMES = {
    "subscription_id": "11111111-2222-3333-4444-555555555555",
    "resource_group": "rg-ml",
    "name": "vision-prod",
}
SECRET = "a-secret-nobody-may-see-again"


@pytest.fixture(autouse=True)
def clouds(settings):
    settings.CLOUDS = ["local", "AzureCloud"]


@pytest.fixture
def principal(team):
    return {
        "team": team.public_id,
        "cloud": "AzureCloud",
        "kind": "service_principal",
        "credential_name": "sp-vision",
        "tenant_id": "tenant",
        "client_id": "client",
        "secret": SECRET,
        **NAMES,
    }


def url(name, workspace):
    return reverse(f"workspaces:{name}", args=[workspace.public_id])


def test_registering_with_a_new_credential_makes_both_and_queues_the_look_up(client_of, alice, principal):
    answer = client_of(alice).post(REGISTER, principal)
    workspace = Workspace.objects.get(name="vision-prod")
    assert (answer.status_code, answer.url) == (303, url("detail", workspace))
    assert vault.decrypt(workspace.credential.secret_encrypted) == SECRET
    operation = workspace.operations.get()
    assert (operation.kind, operation.requested_by) == (Operation.Kind.REGISTER_WORKSPACE, alice)


def test_the_three_names_may_be_pasted_as_config_json(client_of, alice, principal):
    config = {
        "subscription_id": NAMES["subscription_id"],
        "resource_group": "rg-pasted",
        "workspace_name": "pasted-one",
    }
    blank = dict.fromkeys(NAMES, "")
    client_of(alice).post(REGISTER, principal | blank | {"config": json.dumps(config)})
    assert Workspace.objects.get(name="pasted-one").resource_group == "rg-pasted"


def test_the_local_workspace_takes_one_click(client_of, alice, team):
    client = client_of(alice)
    offer = client.get(REGISTER)
    assert "Use the local Azure ML" in offer.content.decode()
    client.post(REGISTER, {"team": team.public_id, "cloud": "local", **offer.context["local"]})
    workspace = Workspace.objects.get(cloud="local")
    assert workspace.credential.kind == Credential.Kind.LOCAL
    assert client.get(REGISTER).context["local"] is None


def test_without_the_local_cloud_the_one_click_is_not_offered(client_of, alice, settings):
    settings.CLOUDS = ["AzureCloud"]
    assert "Use the local Azure ML" not in client_of(alice).get(REGISTER).content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"config": "not json"}, "config"),
        ({"config": '{"subscription_id": "x"}'}, "config"),
        ({"config": "[1]"}, "config"),
        ({"subscription_id": "12"}, "subscription_id"),
        ({"resource_group": ""}, "resource_group"),
        ({"name": "a b"}, "name"),
        ({"credential_name": ""}, "credential_name"),
        ({"secret": ""}, "secret"),
        ({"cloud": "AzureMoon"}, "cloud"),
        ({"team": "nonsense"}, "team"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_nothing_typed_is_lost(client_of, alice, principal, change, field):
    page = client_of(alice).post(REGISTER, principal | change)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert "sp-vision" in page.content.decode() or field == "credential_name"
    assert not Workspace.objects.exists()
    assert not Credential.objects.exists()


def test_a_secret_is_never_sent_back_to_the_page(client_of, alice, principal):
    page = client_of(alice).post(REGISTER, principal | {"name": "!"})
    assert page.status_code == 422
    assert SECRET not in page.content.decode()


def test_whether_another_team_has_a_workspace_is_not_told_before_it_was_reached(client_of, alice, charlie, principal):
    theirs = charlie.teams.get()
    client_of(charlie).post(REGISTER, principal | {"team": theirs.public_id})
    Workspace.objects.update(state="ready", reached_at=timezone.now())
    answer = client_of(alice).post(REGISTER, principal)
    assert answer.status_code == 303
    assert Workspace.objects.count() == 2


def test_a_registration_that_failed_is_corrected_with_all_that_was_typed(client_of, alice, principal):
    client = client_of(alice)
    client.post(REGISTER, principal | {"name": "visoin-prod"})
    Operation.objects.update(state="failed", finished_at=timezone.now())
    Workspace.objects.update(state="failed", error_code="workspace:not_found")
    failed = Workspace.objects.get()
    correct = f"{REGISTER}?from={failed.public_id}"
    assert correct in client.get(url("detail", failed)).content.decode()
    page = client.get(correct)
    assert 'value="visoin-prod"' in page.content.decode()
    given = {name: value or "" for name, value in page.context["form"].initial.items()}
    assert client.post(REGISTER, given | {"name": "vision-prod"}).status_code == 303
    assert [row.name for row in Workspace.objects.filter(unregistered_at=None)] == ["vision-prod"]


def test_a_reached_workspace_and_one_of_others_are_not_corrected(client_of, alice, charlie, workspace):
    for person in (alice, charlie):
        page = client_of(person).get(f"{REGISTER}?from={workspace.public_id}")
        assert "replaces" not in page.context["form"].initial
    assert "?from=" not in client_of(alice).get(url("detail", workspace)).content.decode()


def test_a_credential_of_another_team_cannot_be_used(client_of, alice, charlie, principal):
    client_of(charlie).post(REGISTER, principal | {"team": charlie.teams.get().public_id})
    stolen = Credential.objects.get()
    answer = client_of(alice).post(REGISTER, principal | {"name": "other-one", "credential": stolen.public_id})
    assert list(answer.context["form"].errors) == ["credential"]


def test_a_viewer_cannot_register(client_of, bob, principal):
    assert client_of(bob).get(REGISTER).status_code == 403
    assert client_of(bob).post(REGISTER, principal).status_code == 403


def test_a_stranger_cannot_register_for_the_team(client_of, charlie, principal):
    answer = client_of(charlie).post(REGISTER, principal)
    assert list(answer.context["form"].errors) == ["team"]


def test_members_read_the_page_and_strangers_find_nothing(client_of, alice, bob, charlie, workspace):
    for person in (alice, bob):
        page = client_of(person).get(url("detail", workspace))
        assert "cpu-cluster" in page.content.decode()
    assert url("test", workspace) not in client_of(bob).get(url("detail", workspace)).content.decode()
    assert client_of(charlie).get(url("detail", workspace)).status_code == 404
    assert list(client_of(charlie).get(reverse("workspaces:index")).context["rows"]) == []


@pytest.mark.parametrize("name", ["test", "unregister"])
def test_only_operators_change_a_workspace(client_of, alice, bob, charlie, workspace, name):
    assert client_of(bob).post(url(name, workspace)).status_code == 403
    assert client_of(charlie).post(url(name, workspace)).status_code == 404
    assert client_of(alice).get(url(name, workspace)).url == url("detail", workspace)
    assert client_of(alice).post(url(name, workspace)).status_code == 303


def test_testing_the_connection_queues_one_look_and_refuses_a_second(client_of, alice, workspace):
    client = client_of(alice)
    client.post(url("test", workspace))
    assert client.get(url("detail", workspace)).context["operation"].kind == "test_connection"
    answer = client.post(url("test", workspace), **factories.HTMX)
    assert answer.status_code == 409
    assert "Alice" in answer.context["explanation"].sentence
    assert "hx-trigger" in client.get(url("detail", workspace), **factories.HTMX).content.decode()


def test_an_unregistered_workspace_is_gone_from_the_portal(client_of, alice, workspace):
    run = factories.run(workspace)
    client_of(alice).post(url("unregister", workspace))
    assert client_of(alice).get(url("detail", workspace)).status_code == 404
    assert client_of(alice).get(reverse("jobs:detail", args=[run.public_id])).status_code == 404
    assert list(client_of(alice).get(reverse("workspaces:index")).context["rows"]) == []


def test_a_workspace_with_something_under_way_stays(client_of, alice, olivia, workspace):
    factories.operation(workspace, by=olivia)
    answer = client_of(alice).post(url("unregister", workspace), follow=True)
    assert "Olivia" in answer.content.decode()
    assert not Workspace.objects.get().unregistered_at


def test_a_connection_that_fails_says_why_in_words(client_of, alice, workspace):
    Workspace.objects.update(state="failed", error_code="azure:denied", error_params={"message": "AADSTS7000215"})
    page = client_of(alice).get(url("detail", workspace))
    assert page.context["error"].code == "azure:denied"
    assert page.context["error"].title in page.content.decode()
    assert "AADSTS7000215" in page.content.decode()


def test_the_empty_list_names_the_one_next_step(client_of, alice, bob):
    assert REGISTER in client_of(alice).get(reverse("workspaces:index")).content.decode()
    assert REGISTER not in client_of(bob).get(reverse("workspaces:index")).content.decode()


def test_a_portal_without_azure_workers_says_how_to_get_them(client_of, alice, settings):
    assert "PORTAL_CLOUDS" not in client_of(alice).get(REGISTER).content.decode()
    settings.CLOUDS = ["local"]
    assert "PORTAL_CLOUDS" in client_of(alice).get(REGISTER).content.decode()
