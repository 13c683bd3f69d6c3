"""Home: what runs, what failed, what next; /healthz; the frame's banner."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ops.models import Deployment, Endpoint, Heartbeat, ModelVersion, Operation, RegisteredModel, Run
from ops.opening import columns_about
from portal import layout
from portal.queries import heartbeats
from scoring.models import Prediction


def make_run(workspace, name, status, **facts):
    return Run.objects.create(
        workspace=workspace, name=name, display_name=name, status=status, is_final=status != "Running", **facts
    )


def make_operation(workspace, number, state="failed", **facts):
    return Operation.objects.create(
        kind="deploy",
        **columns_about(workspace),
        lock_key=f"test:{number}",
        state=state,
        deadline_at=timezone.now(),
        finished_at=timezone.now() if state != "running" else None,
        **facts,
    )


def read(browser, path="/"):
    return browser.get(path).context["sight"]


def test_an_empty_team_is_led_to_register_a_workspace(alice, client_of):
    browser = client_of(alice)
    assert read(browser).next_step == "workspace"
    assert "/workspaces/register/" in browser.get("/").content.decode()


def test_a_viewer_sees_the_way_but_no_button(bob, client_of):
    page = client_of(bob).get("/").content.decode()
    assert "From here to a live prediction" in page
    assert 'href="/workspaces/register/"' not in page


def test_each_thing_done_moves_the_way_on(alice, workspace, client_of):
    browser = client_of(alice)
    assert read(browser).next_step == "job"
    run = make_run(workspace, "first", "Completed")
    assert read(browser).next_step == "version"
    line = RegisteredModel.objects.create(workspace=workspace, name="digits")
    version = ModelVersion.objects.create(registered_model=line, version="1", state="ready", run=run)
    assert read(browser).next_step == "deploy"
    endpoint = Endpoint.objects.create(workspace=workspace, name="digits", state="ready")
    Deployment.objects.create(endpoint=endpoint, name="blue", state="ready", traffic=100, model_version=version)
    assert read(browser).next_step == "predict"
    Prediction.objects.create(endpoint=endpoint, top=[["7", 0.9]])
    assert read(browser).next_step == ""
    assert "From here to a live prediction" not in browser.get("/").content.decode()


def test_home_shows_what_runs_and_what_failed(alice, workspace, client_of):
    make_run(workspace, "still-going", "Running")
    make_run(workspace, "went-wrong", "Failed")
    make_operation(workspace, 1, error_code="azure:unreachable")
    page = client_of(alice).get("/").content.decode()
    for text in ("still-going", "went-wrong", "Azure ML does not answer"):
        assert text in page


def test_a_stranger_sees_nothing_of_it(charlie, workspace, client_of):
    make_run(workspace, "still-going", "Running")
    browser = client_of(charlie)
    assert "still-going" not in browser.get("/").content.decode()
    assert "still-going" not in browser.get(f"/?workspace={workspace.public_id}").content.decode()
    assert read(browser).figures.jobs == 0


def test_home_refreshes_itself_without_the_frame(alice, workspace, client_of):
    make_run(workspace, "still-going", "Running")
    fragment = client_of(alice).get("/", headers={"HX-Request": "true"}).content.decode()
    assert "still-going" in fragment
    assert 'hx-trigger="every 4s"' in fragment
    assert "side-nav" not in fragment


def test_home_only_reads(alice, client_of):
    assert client_of(alice).post("/").status_code == 405


def test_home_costs_the_same_for_one_row_and_many(alice, workspace, client_of):
    browser = client_of(alice)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert browser.get("/").status_code == 200
        return len(seen)

    make_run(workspace, "run-0", "Running")
    make_operation(workspace, 0)
    few = queries()
    for number in range(1, 60):
        make_run(workspace, f"run-{number}", "Running" if number % 2 else "Failed")
        make_operation(workspace, number, "running" if number % 2 else "failed")
    assert queries() == few
    assert few <= 20


@pytest.fixture
def all_alive(db):
    for name in heartbeats.expected():
        Heartbeat.objects.create(name=name, seen_at=timezone.now())


@pytest.fixture
def long_running(settings):
    """The web process has been up for longer than the grace of a fresh start."""
    settings.SILENT_AFTER_SECONDS = 30
    started, layout.STARTED_AT = layout.STARTED_AT, timezone.now() - timedelta(hours=1)
    yield
    layout.STARTED_AT = started


def test_a_silent_part_is_named_in_a_banner(alice, client_of, all_alive, long_running):
    browser = client_of(alice)
    assert 'class="banner"' not in browser.get("/").content.decode()
    Heartbeat.objects.filter(name="beat").update(seen_at=timezone.now() - timedelta(seconds=31))
    assert "scheduler is silent" in browser.get("/").content.decode()


def test_a_portal_that_has_just_started_shows_no_banner(alice, client_of):
    layout.STARTED_AT, started = timezone.now(), layout.STARTED_AT
    assert 'class="banner"' not in client_of(alice).get("/").content.decode()
    layout.STARTED_AT = started


def test_healthz_needs_nobody_signed_in_and_names_the_silent_part(client, all_alive):
    Heartbeat.objects.filter(name="queue:portal").update(seen_at=timezone.now() - timedelta(minutes=5))
    answer = client.get("/healthz")
    facts = answer.json()
    assert answer.status_code == 503
    assert facts["database"] == "ok"
    assert facts["silent"] == ["queue:portal"]


def test_healthz_says_when_the_broker_is_gone(client, all_alive):
    from celery import current_app

    old, current_app.conf.broker_url = current_app.conf.broker_url, "redis://127.0.0.1:1/0"
    try:
        answer = client.get("/healthz")
    finally:
        current_app.conf.broker_url = old
    assert (answer.status_code, answer.json()["broker"]) == (503, "unreachable")
