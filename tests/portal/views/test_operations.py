"""Operations: what each person may see and do, the steps as they went, the polling that stops."""

import pytest
from django.urls import reverse

from ops.messages import STEPS
from ops.models import Event, Operation
from tests.portal import factories

Kind, State = Operation.Kind, Operation.State


def url(name, operation):
    return reverse(f"operations:{name}", args=[operation.public_id])


def began(operation, *steps):
    for step in steps:
        factories.event(operation, Event.Verb.STEP, step=step)


@pytest.fixture
def running(workspace, alice):
    names = list(STEPS[Kind.TEST_CONNECTION])
    operation = factories.operation(workspace, by=alice, step=names[1])
    began(operation, *names[:2])
    return operation


def test_the_list_shows_members_what_was_asked_and_strangers_nothing(client_of, alice, bob, charlie, running):
    for person in (alice, bob):
        assert running.public_id in client_of(person).get(reverse("operations:index")).content.decode()
    page = client_of(charlie).get(reverse("operations:index"))
    assert page.status_code == 200
    assert running.public_id not in page.content.decode()


def test_a_stranger_finds_no_operation(client_of, charlie, running):
    for name in ("detail", "progress"):
        assert client_of(charlie).get(url(name, running)).status_code == 404
    for name in ("cancel", "retry"):
        assert client_of(charlie).post(url(name, running)).status_code == 404


def test_a_viewer_reads_but_neither_cancels_nor_retries(client_of, bob, running):
    page = client_of(bob).get(url("detail", running))
    assert page.status_code == 200
    assert url("cancel", running) not in page.content.decode()
    for name in ("cancel", "retry"):
        assert client_of(bob).post(url(name, running)).status_code == 403
    running.refresh_from_db()
    assert running.cancel_requested_at is None


def test_reading_never_changes_and_changing_needs_a_post(client_of, alice, running):
    for name in ("cancel", "retry"):
        assert client_of(alice).get(url(name, running)).url == url("detail", running)


def test_an_operator_cancels_and_the_page_says_so(client_of, alice, running):
    answer = client_of(alice).post(url("cancel", running), follow=True)
    assert answer.redirect_chain == [(url("detail", running), 303)]
    running.refresh_from_db()
    assert running.cancel_requested_by == alice
    assert "asked to cancel" in answer.content.decode()


def test_an_operation_that_is_over_cannot_be_cancelled(client_of, alice, workspace):
    over = factories.operation(workspace, state="succeeded")
    answer = client_of(alice).post(url("cancel", over), **factories.HTMX)
    assert answer.status_code == 409
    assert answer.context["explanation"].code == "operation:already_over"


def test_a_retry_is_a_new_operation_with_the_same_plan_linked_to_the_old_one(client_of, alice, workspace):
    failed = factories.operation(workspace, state="failed", plan={"colour": "blue"}, error_code="azure:denied")
    answer = client_of(alice).post(url("retry", failed))
    again = Operation.objects.get(retry_of=failed)
    assert answer.status_code == 303
    assert answer.url == url("detail", again)
    assert (again.plan, again.requested_by) == ({"colour": "blue"}, alice)


def test_the_steps_are_told_in_order_with_what_is_done_and_what_is_to_come(client_of, alice, running):
    steps = client_of(alice).get(url("detail", running)).context["steps"]
    names = list(STEPS[Kind.TEST_CONNECTION])
    assert [step.name for step in steps] == names
    assert [step.state for step in steps[:2]] == ["done", "now"]
    assert all(step.state == "todo" for step in steps[2:])
    assert steps[0].ended_at == steps[1].started_at
    assert steps[0].label == str(STEPS[Kind.TEST_CONNECTION][names[0]])


def test_a_failed_operation_shows_which_step_failed_why_and_what_to_do(client_of, alice, workspace):
    names = list(STEPS[Kind.DEPLOY])
    failed = factories.operation(
        workspace,
        kind=Kind.DEPLOY,
        state="failed",
        step=names[2],
        target=factories.endpoint(workspace),
        error_code="azure:denied",
        error_params={"message": "AuthorizationFailed: nobody may"},
    )
    began(failed, *names[:3])
    page = client_of(alice).get(url("detail", failed))
    assert [step.state for step in page.context["steps"][:4]] == ["done", "done", "failed", "todo"]
    assert page.context["error"].code == "azure:denied"
    assert page.context["target_label"] == "digits-api"
    assert page.context["error"].title in page.content.decode()
    assert "AuthorizationFailed: nobody may" in page.content.decode()


def test_a_wait_is_told_beside_the_step_and_in_the_story(client_of, alice, running):
    factories.event(
        running,
        Event.Verb.WAITING,
        step=running.step,
        code="azure:throttled",
        params={"message": "Try again after 30 s"},
    )
    steps = client_of(alice).get(url("detail", running)).context["steps"]
    assert steps[1].note == "Azure ML asks us to slow down"
    assert "Try again after 30 s" in client_of(alice).get(url("detail", running)).content.decode()


def test_the_fragment_polls_while_open_and_stops_when_final(client_of, alice, running):
    fragment = client_of(alice).get(url("progress", running), **factories.HTMX).content.decode()
    assert "hx-trigger" in fragment
    assert "<html" not in fragment
    Operation.objects.filter(pk=running.pk).update(state=State.SUCCEEDED, finished_at=running.created_at)
    assert "hx-trigger" not in client_of(alice).get(url("progress", running), **factories.HTMX).content.decode()


def test_an_operation_on_a_deleted_endpoint_is_still_readable(client_of, alice, workspace):
    gone = factories.endpoint(workspace)
    done = factories.operation(workspace, kind=Kind.DELETE_ENDPOINT, state="succeeded", target=gone)
    type(gone).objects.filter(pk=gone.pk).update(gone_at=done.created_at)
    page = client_of(alice).get(url("detail", done))
    assert page.status_code == 200
    assert (page.context["target_label"], page.context["target_url"]) == ("digits-api", "")


def test_the_list_is_narrowed_by_the_url_and_an_empty_one_says_what_next(client_of, alice, workspace, running):
    factories.operation(
        workspace, state="failed", kind=Kind.DEPLOY, target=factories.endpoint(workspace, "searched-for")
    )
    client = client_of(alice)
    for query in ({"state": "failed"}, {"q": "searched"}):
        listed = client.get(reverse("operations:index"), query).context["entries"]
        assert [entry.operation.state for entry in listed] == ["failed"]
    nothing = client.get(reverse("operations:index"), {"q": "no such thing"})
    assert "Clear the filters" in nothing.content.decode()
    Operation.objects.all().delete()
    assert "Nothing has been asked for yet" in client.get(reverse("operations:index")).content.decode()


def test_a_phase_is_told_as_a_sentence(client_of, alice, running):
    factories.event(
        running,
        Event.Verb.PHASE,
        step=running.step,
        code="phase:deployment_starting",
    )
    steps = client_of(alice).get(url("detail", running)).context["steps"]
    assert steps[1].note.startswith("Azure is building the environment")
