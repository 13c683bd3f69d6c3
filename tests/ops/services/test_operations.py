"""Opening, cancelling and retrying: one open operation per thing, kept by the database."""

import pytest
from django.utils import timezone

from ops import messages, queue
from ops.errors import OperationInProgress, WrongState
from ops.models import Event, Operation
from ops.opening import open_operation
from ops.services import operations, workspaces

pytestmark = pytest.mark.django_db
KIND = Operation.Kind.TEST_CONNECTION


def open_one(workspace, by, **more):
    return open_operation(KIND, workspace, by=by, lock_key="thing:1", **more)


def finish(operation, state=Operation.State.FAILED):
    Operation.objects.filter(pk=operation.pk).update(state=state, finished_at=timezone.now())
    operation.refresh_from_db()


def test_an_opened_operation_is_queued_and_its_story_begins(workspace, alice):
    operation = open_one(workspace, alice)
    assert operation.state == Operation.State.QUEUED
    assert operation.deadline_at > timezone.now()
    assert [(event.verb, event.by) for event in operation.events.all()] == [(Event.Verb.REQUESTED, alice)]


def test_the_second_is_told_who_is_busy_with_what(workspace, alice, olivia):
    first = open_one(workspace, alice)
    with pytest.raises(OperationInProgress) as refused:
        open_one(workspace, olivia)
    assert refused.value.params == {"who": "Alice", "what": KIND.value, "operation": first.public_id}
    assert "Alice" in messages.explain(refused.value).sentence
    assert "Test connection" in messages.explain(refused.value).sentence


def test_a_finished_operation_gives_the_thing_free(workspace, alice):
    finish(open_one(workspace, alice))
    assert open_one(workspace, alice).state == Operation.State.QUEUED


def test_the_message_leaves_only_after_the_commit(workspace, alice, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(queue, "send", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        operation = open_one(workspace, alice)
        assert sent == []
    assert sent == [operation]


def test_cancelling_asks_once_and_refuses_what_is_over(workspace, alice):
    operation = open_one(workspace, alice)
    operations.cancel(operation, alice)
    operations.cancel(operation, alice)
    assert operation.cancel_requested_by == alice
    assert operation.events.filter(code="operation:cancel_requested").count() == 1
    finish(operation)
    with pytest.raises(WrongState):
        operations.cancel(operation, alice)


def test_a_retry_is_a_new_row_with_the_same_plan(workspace, alice, olivia):
    operation = open_one(workspace, alice, plan={"split": {"blue": 100}})
    with pytest.raises(WrongState):
        operations.retry(operation, alice)
    finish(operation)
    again = operations.retry(operation, olivia)
    assert (again.plan, again.retry_of, again.requested_by) == (operation.plan, operation, olivia)
    finish(again, Operation.State.SUCCEEDED)
    with pytest.raises(WrongState):
        operations.retry(again, alice)


def test_a_workspace_with_something_open_is_not_let_go(workspace, alice):
    operation = open_one(workspace, alice)
    with pytest.raises(OperationInProgress):
        workspaces.unregister(workspace, alice)
    finish(operation)
    workspaces.unregister(workspace, alice)
    workspace.refresh_from_db()
    assert workspace.unregistered_at
