"""Endpoints: deploying, blue and green, shares that sum to 100, who is busy with what, deleting with the typed name."""

import pytest
from django.urls import reverse

from ops.models import Deployment, Endpoint, ModelVersion, Operation
from tests.portal import factories

DEPLOY = "/endpoints/deploy/"


@pytest.fixture
def version(workspace, alice):
    return factories.version(workspace, by=alice)


@pytest.fixture
def answers(version):
    return {
        "version": version.public_id,
        "endpoint": "",
        "endpoint_name": "digits-api",
        "deployment_name": "",
        "instance_type": "Standard_DS3_v2",
        "instance_count": "1",
        "request_timeout_ms": "5000",
    }


@pytest.fixture
def live(workspace, version):
    """An endpoint with 100 % on blue and an idle green."""
    endpoint = factories.endpoint(workspace)
    factories.deployment(endpoint, "blue", 100, model_version=version)
    factories.deployment(endpoint, "green", 0, model_version=version)
    return endpoint


def url(name, endpoint, *more):
    return reverse(f"endpoints:{name}", args=[endpoint.public_id, *more])


def named(endpoint, name):
    return endpoint.deployments.get(name=name)


def test_a_version_is_deployed_to_a_new_endpoint(client_of, alice, version, answers):
    answer = client_of(alice).post(DEPLOY, answers)
    endpoint = Endpoint.objects.get()
    assert (answer.status_code, answer.url) == (303, url("detail", endpoint))
    deployment = endpoint.deployments.get()
    assert (endpoint.name, deployment.name, deployment.model_version) == ("digits-api", "blue", version)
    assert (deployment.instance_type, deployment.instance_count) == ("Standard_DS3_v2", 1)
    assert Operation.objects.locking(endpoint.lock_key).get().kind == Operation.Kind.DEPLOY


def test_an_existing_endpoint_is_chosen_from_the_list_and_gets_the_next_colour(client_of, alice, answers, live):
    client_of(alice).post(DEPLOY, answers | {"endpoint": live.public_id, "endpoint_name": "ignored"})
    assert [row.name for row in live.deployments.all()] == ["blue", "green", "teal"]
    assert Endpoint.objects.count() == 1


def test_the_form_starts_with_the_version_of_the_link_and_says_that_instances_bill(client_of, alice, version):
    page = client_of(alice).get(DEPLOY, {"version": version.public_id}).content.decode()
    assert f'value="{version.public_id}" selected' in page
    assert "bill" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": ""}, "version"),
        ({"version": "nonsense"}, "version"),
        ({"endpoint_name": ""}, "endpoint_name"),
        ({"endpoint_name": "9-starts-with-a-digit"}, "endpoint_name"),
        ({"deployment_name": "a--b"}, "deployment_name"),
        ({"instance_count": "0"}, "instance_count"),
        ({"instance_count": "many"}, "instance_count"),
        ({"instance_type": ""}, "instance_type"),
        ({"request_timeout_ms": "9999999"}, "request_timeout_ms"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_nothing_typed_is_lost(client_of, alice, answers, change, field):
    answer = client_of(alice).post(DEPLOY, answers | change)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    kept = answers | change | {"version": ""}
    assert all(f'value="{value}"' in answer.content.decode() for value in kept.values() if value)
    assert not Endpoint.objects.exists()


def test_a_deployment_name_in_use_is_told_beside_its_field(client_of, alice, answers, live):
    taken = answers | {"endpoint": live.public_id, "deployment_name": "green"}
    assert list(client_of(alice).post(DEPLOY, taken).context["form"].errors) == ["deployment_name"]


def test_an_endpoint_made_by_somebody_else_is_left_alone(client_of, alice, workspace, answers):
    factories.endpoint(workspace, "from-studio", is_ours=False)
    page = client_of(alice).post(DEPLOY, answers | {"endpoint_name": "from-studio"})
    assert page.status_code == 409
    assert "was not made by this portal" in page.content.decode()
    assert 'value="from-studio"' in page.content.decode()


def test_the_second_of_two_people_is_told_who_is_busy_with_what(client_of, alice, olivia, answers):
    client_of(olivia).post(DEPLOY, answers)
    chosen = {"endpoint": Endpoint.objects.get().public_id, "endpoint_name": ""}
    page = client_of(alice).post(DEPLOY, answers | chosen | {"deployment_name": "alices"}, **factories.HTMX)
    assert page.status_code == 409
    assert "Olivia" in page.content.decode()
    assert "Deploy" in page.content.decode()
    assert Deployment.objects.count() == 1
    assert 'value="alices"' in page.content.decode()


def test_a_new_endpoint_with_the_name_of_a_living_one_is_asked_about(client_of, alice, live, answers):
    page = client_of(alice).post(DEPLOY, answers | {"endpoint_name": live.name})
    assert page.status_code == 422
    assert "There is an endpoint of this name" in str(page.context["form"].errors["endpoint_name"])
    assert not Operation.objects.exists()


def test_nobody_deploys_without_the_right_or_a_version_of_others(client_of, bob, charlie, answers):
    assert client_of(bob).get(DEPLOY).status_code == 403
    assert client_of(bob).post(DEPLOY, answers).status_code == 403
    assert list(client_of(charlie).post(DEPLOY, answers).context["form"].errors) == ["version"]
    assert not Endpoint.objects.exists()


def test_without_a_ready_version_the_page_says_what_comes_first(client_of, alice, version):
    ModelVersion.objects.update(state="registering")
    assert reverse("models:index") in client_of(alice).get(DEPLOY).content.decode()
    assert "Nothing to deploy yet" in client_of(alice).get(DEPLOY).content.decode()


def test_members_see_the_endpoint_and_strangers_find_nothing(client_of, alice, bob, charlie, live):
    for person in (alice, bob):
        page = client_of(person).get(url("detail", live)).content.decode()
        assert live.scoring_uri in page
        assert "blue" in page
    for button in ("traffic", "delete"):
        assert url(button, live) in client_of(alice).get(url("detail", live)).content.decode()
        assert url(button, live) not in client_of(bob).get(url("detail", live)).content.decode()
    assert client_of(charlie).get(url("detail", live)).status_code == 404
    assert list(client_of(charlie).get(reverse("endpoints:index")).context["rows"]) == []


def test_only_operators_change_an_endpoint(client_of, alice, bob, charlie, live):
    green = named(live, "green").public_id
    for change in (url("traffic", live), url("delete", live), url("delete_deployment", live, green)):
        assert client_of(bob).post(change, {"all_to": green, "typed_name": live.name}).status_code == 403
        assert client_of(charlie).post(change, {"all_to": green, "typed_name": live.name}).status_code == 404
    for change in (url("traffic", live), url("delete_deployment", live, green)):
        assert client_of(alice).get(change).url == url("detail", live)
    assert not Operation.objects.exists()


def test_all_traffic_is_sent_to_one_deployment_with_one_click(client_of, alice, live):
    answer = client_of(alice).post(url("traffic", live), {"all_to": named(live, "green").public_id})
    assert answer.status_code == 303
    assert Operation.objects.locking(live.lock_key).get().plan["split"] == {"blue": 0, "green": 100}


def test_the_split_form_takes_shares_that_sum_to_a_hundred(client_of, alice, live):
    client_of(alice).post(url("traffic", live), {"share_blue": "80", "share_green": "20"})
    assert Operation.objects.locking(live.lock_key).get().plan["split"] == {"blue": 80, "green": 20}


@pytest.mark.parametrize(
    ("shares", "status"),
    [
        ({"share_blue": "80", "share_green": "10"}, 409),
        ({"share_blue": "0", "share_green": "0"}, 409),
        ({"share_blue": "101", "share_green": "-1"}, 422),
        ({"share_blue": "50.5", "share_green": "49.5"}, 422),
        ({"share_blue": "100"}, 422),
        ({"all_to": "nonsense"}, 409),
    ],
)
def test_shares_that_do_not_fit_change_nothing_and_stay_in_the_form(client_of, alice, live, shares, status):
    page = client_of(alice).post(url("traffic", live), shares)
    assert page.status_code == status
    for name, share in shares.items():
        assert name == "all_to" or f'name="{name}" value="{share}"' in page.content.decode()
    assert not Operation.objects.exists()


def test_a_deployment_that_is_not_ready_gets_no_traffic(client_of, alice, live):
    live.deployments.filter(name="green").update(state="failed")
    green = named(live, "green")
    answer = client_of(alice).post(url("traffic", live), {"all_to": green.public_id})
    assert list(answer.context["traffic_form"].errors) == ["share_green"]
    assert f'value="{green.public_id}"' not in client_of(alice).get(url("detail", live)).content.decode()


def test_while_something_is_under_way_the_page_polls_and_offers_no_change(client_of, alice, live):
    client_of(alice).post(url("traffic", live), {"share_blue": "80", "share_green": "20"})
    fragment = client_of(alice).get(url("detail", live), **factories.HTMX).content.decode()
    assert "hx-trigger" in fragment
    assert 'name="share_blue"' not in fragment
    Operation.objects.update(state="succeeded", finished_at=live.created_at)
    fragment = client_of(alice).get(url("detail", live), **factories.HTMX).content.decode()
    assert "hx-trigger" not in fragment
    assert 'name="share_blue"' in fragment


def test_fetching_a_key_is_not_shown_as_a_change_and_locks_nothing(client_of, alice, live):
    factories.operation(live.workspace, kind=Operation.Kind.RENEW_KEY, target=live)
    page = client_of(alice).get(url("detail", live))
    assert page.context["operation"] is None
    assert 'name="share_blue"' in page.content.decode()


def test_a_deployment_that_failed_shows_why_and_its_servers_log(client_of, alice, live):
    live.deployments.filter(name="green").update(
        state="failed",
        error_code="azure:failed",
        error_params={"message": "User container has crashed"},
        log_text="Traceback\n<b>RuntimeError</b>: no model.json",
    )
    page = client_of(alice).get(url("detail", live)).content.decode()
    assert "User container has crashed" in page
    assert "&lt;b&gt;RuntimeError&lt;/b&gt;: no model.json" in page


def test_an_idle_deployment_is_deleted_and_one_with_traffic_is_refused(client_of, alice, live):
    client = client_of(alice)
    refused = client.post(url("delete_deployment", live, named(live, "blue").public_id), **factories.HTMX)
    assert refused.status_code == 409
    assert refused.context["explanation"].code == "deployment:has_traffic"
    client.post(url("delete_deployment", live, named(live, "green").public_id))
    assert Operation.objects.locking(live.lock_key).get().kind == Operation.Kind.DELETE_DEPLOYMENT


def test_a_deployment_of_another_endpoint_is_not_found(client_of, alice, workspace, live):
    other = factories.deployment(factories.endpoint(workspace, "other-one"), "red", 0)
    assert client_of(alice).post(url("delete_deployment", live, other.public_id)).status_code == 404


def test_an_endpoint_is_deleted_only_under_its_typed_name(client_of, alice, live):
    client = client_of(alice)
    page = client.get(url("delete", live)).content.decode()
    assert "blue" in page
    assert live.name in page
    wrong = client.post(url("delete", live), {"typed_name": "digits"})
    assert wrong.status_code == 422
    assert 'value="digits"' in wrong.content.decode()
    assert not Operation.objects.exists()
    answer = client.post(url("delete", live), {"typed_name": live.name})
    operation = Operation.objects.locking(live.lock_key).get()
    assert operation.kind == Operation.Kind.DELETE_ENDPOINT
    assert answer.url == reverse("operations:detail", args=[operation.public_id])


def test_a_deleted_endpoint_has_no_page(client_of, alice, live):
    Endpoint.objects.update(gone_at=live.created_at)
    assert client_of(alice).get(url("detail", live)).status_code == 404
    assert list(client_of(alice).get(reverse("endpoints:index")).context["rows"]) == []


def test_the_empty_list_names_the_one_next_step(client_of, alice, bob):
    assert reverse("models:index") in client_of(alice).get(reverse("endpoints:index")).content.decode()
