"""The engine with a tiny flow of its own, against the real database."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ops import policies
from ops.azure.errors import AzureConflict, AzureDenied, AzureFailed, AzureThrottled, AzureUnreachable
from ops.engine import checkpoints, runner
from ops.engine.steps import Flow, Next, Resume, Start, Step, Wait
from ops.errors import OpsError, Refused
from ops.models import Event, Mirror, Operation
from tests.ops.conftest import advance, finish, story
from tests.portal import factories

pytestmark = pytest.mark.django_db
State = Operation.State


class Tiny:
    """A flow of two steps, draw and paint, whose answers a test puts in a row; it notes what was run."""

    def __init__(self, **more):
        self.ran, self.answers, self.endings = [], {}, []
        run = self._run

        def draw(operation, azure):
            return run("draw", operation)

        def paint(operation, azure):
            return run("paint", operation)

        self.draw, self.paint = draw, paint
        limit = more.pop("limit_seconds", 5)
        endings = {
            "on_failed": lambda operation, code, params: self.endings.append(("failed", code, params)),
            "on_cancelled": lambda operation, code, params: self.endings.append(("cancelled", code, params)),
        }
        flow = Flow(steps=(Step(draw, limit), Step(paint, limit)), **(endings | more))
        self.flows = {Operation.Kind.TEST_CONNECTION: flow}

    def _run(self, name, operation):
        self.ran.append(name)
        answers = self.answers.get(name, [])
        answer = answers.pop(0) if answers else Next()
        if callable(answer):
            answer = answer(operation)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def tiny(azure):
    return Tiny()


def test_steps_run_in_order_and_each_message_runs_one(begin, tiny):
    operation = begin()
    assert advance(operation, tiny.flows).step == "paint"
    assert tiny.ran == ["draw"]
    assert (operation.state, operation.finished_at, operation.lease_until) == (State.RUNNING, None, None)
    advance(operation, tiny.flows)
    assert tiny.ran == ["draw", "paint"]
    assert (operation.state, operation.is_final, operation.next_try_at) == (State.SUCCEEDED, True, None)
    assert story(operation) == [
        ("state", "running"),
        ("step", "draw"),
        ("step", "paint"),
        ("state", "succeeded"),
    ]
    assert tiny.endings == []


def test_a_duplicate_message_is_dropped(begin, tiny):
    operation = begin()
    assert runner.advance(operation.pk, 0, tiny.flows) is not None
    assert runner.advance(operation.pk, 0, tiny.flows) is None
    assert tiny.ran == ["draw"]


def test_a_message_for_an_operation_that_is_over_is_dropped(begin, tiny):
    operation = begin(finished_at=timezone.now(), state=State.SUCCEEDED)
    assert advance(operation, tiny.flows) is None
    assert tiny.ran == []


def test_nobody_takes_a_turn_whose_lease_runs(begin, tiny):
    operation = begin(lease_until=timezone.now() + timedelta(seconds=30), turn=3)
    assert advance(operation, tiny.flows) is None
    assert tiny.ran == []


def test_a_step_whose_worker_died_runs_again_once_its_lease_is_over(begin, tiny):
    operation = begin(lease_until=timezone.now() - timedelta(seconds=1), turn=3, state=State.RUNNING, step="paint")
    assert advance(operation, tiny.flows).state == State.SUCCEEDED
    assert tiny.ran == ["paint"]


def test_the_lease_outlasts_the_step_while_it_runs(begin, tiny):
    seen = []
    tiny.answers["draw"] = [lambda operation: seen.append(Operation.objects.get(pk=operation.pk)) or Next()]
    advance(begin(), tiny.flows)
    assert (seen[0].lease_until - timezone.now()).total_seconds() > 5
    assert (seen[0].turn, seen[0].state, seen[0].step) == (1, State.RUNNING, "draw")


def test_the_result_of_a_worker_that_was_taken_over_is_discarded(begin, tiny):
    def taken_over(operation):
        Operation.objects.filter(pk=operation.pk).update(turn=operation.turn + 1)
        return Next()

    tiny.answers["draw"] = [taken_over]
    operation = begin()
    assert advance(operation, tiny.flows) is None
    assert (operation.step, operation.turn) == ("draw", 2)


def test_a_worker_that_was_taken_over_can_store_no_plan_and_stops(begin, tiny):
    def taken_over(operation):
        Operation.objects.filter(pk=operation.pk).update(turn=operation.turn + 1)
        checkpoints.save(operation, number="1")
        raise AssertionError("went on")

    tiny.answers["draw"] = [taken_over]
    operation = begin()
    assert advance(operation, tiny.flows) is None
    assert (operation.plan, operation.state) == ({}, State.RUNNING)


def test_a_plan_is_stored_before_the_step_ends(begin, tiny):
    def decide(operation):
        checkpoints.save(operation, number="7")
        raise OpsError("test:stop")

    tiny.answers["draw"] = [decide]
    operation = begin(plan={"name": "x"})
    advance(operation, tiny.flows)
    assert operation.plan == {"name": "x", "number": "7"}


def test_waiting_runs_the_same_step_again_and_is_told_once(begin, tiny):
    tiny.answers["draw"] = [Wait(30, "phase:drying"), Wait(30, "phase:drying"), Wait(30, "phase:second_coat")]
    operation = begin()
    for _ in range(3):
        advance(operation, tiny.flows)
        assert 25 < (operation.next_try_at - timezone.now()).total_seconds() <= 30
        assert operation.heartbeat_at is not None
    finish(operation, tiny.flows)
    assert tiny.ran == ["draw"] * 4 + ["paint"]
    assert [event for event in story(operation) if event[0] == "phase"] == [
        ("phase", "phase:drying"),
        ("phase", "phase:second_coat"),
    ]


def test_a_poll_url_lives_as_long_as_the_step_that_follows(begin, tiny):
    seen = []
    tiny.answers["draw"] = [Next(poll_url="https://x/poll")]
    tiny.answers["paint"] = [lambda operation: seen.append(operation.azure_poll_url) or Wait(0)] * 2
    operation = begin()
    finish(operation, tiny.flows)
    assert seen == ["https://x/poll"] * 2
    assert operation.azure_poll_url == ""


def test_throttling_waits_as_long_as_azure_asked(begin, tiny):
    tiny.answers["draw"] = [AzureThrottled("TooMany", "slow down", "r1", retry_after=120.0)]
    operation, other = begin(), begin()
    advance(operation, tiny.flows)
    assert 119 < (operation.next_try_at - timezone.now()).total_seconds() < 133
    assert (operation.state, operation.attempts) == (State.RUNNING, 1)
    event = operation.events.get(verb=Event.Verb.WAITING)
    assert (event.code, event.params["azure_code"], event.params["request_id"]) == ("azure:throttled", "TooMany", "r1")
    assert advance(other, tiny.flows).step == "paint"


def test_unanswered_calls_wait_longer_each_time_and_are_told_once(begin, tiny):
    tiny.answers["draw"] = [AzureUnreachable("NoAnswer", "refused") for _ in range(4)]
    operation, waits = begin(), []
    for _ in range(4):
        advance(operation, tiny.flows)
        waits.append((operation.next_try_at - timezone.now()).total_seconds())
    for number, wait in enumerate(waits, start=1):
        assert 0.5 * 2**number - 1 < wait <= 2**number
    assert operation.attempts == 4
    assert operation.events.filter(verb=Event.Verb.WAITING).count() == 1
    advance(operation, tiny.flows)
    assert (operation.step, operation.attempts) == ("paint", 0)


def test_calls_that_are_never_answered_fail_in_the_end(begin, azure):
    tiny = Tiny(attempts=3)
    tiny.answers["draw"] = [AzureUnreachable("NoAnswer", "refused") for _ in range(9)]
    operation = begin()
    for _ in range(3):
        advance(operation, tiny.flows)
    assert (operation.state, operation.error_code) == (State.FAILED, "azure:unreachable")
    assert operation.error_params["message"] == "refused"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AzureDenied("AuthorizationFailed", "no"), "azure:denied"),
        (AzureFailed("Broken", "no"), "azure:failed"),
        (OpsError("endpoint:name_taken", name="x"), "endpoint:name_taken"),
    ],
)
def test_a_rejection_fails_at_once_with_its_code(begin, tiny, error, code):
    tiny.answers["draw"] = [error]
    operation = begin()
    advance(operation, tiny.flows)
    assert (operation.state, operation.error_code, operation.is_final) == (State.FAILED, code, True)
    assert tiny.endings == [("failed", code, operation.error_params)]
    assert story(operation)[-1] == ("state", "failed")


def test_a_conflict_is_tried_again_but_not_for_ever(begin, tiny):
    tiny.answers["draw"] = [AzureConflict("Busy", "another operation") for _ in range(9)]
    operation = begin()
    advance(operation, tiny.flows)
    assert operation.state == State.RUNNING
    finish(operation, tiny.flows)
    assert (operation.state, operation.error_code) == (State.FAILED, "azure:conflict")


def test_an_unknown_exception_is_told_by_a_reference_that_is_in_the_log(begin, tiny, caplog):
    tiny.answers["draw"] = [ValueError("https://blob/x?sp=r&sig=TOPSECRET inside")]
    operation = begin()
    with caplog.at_level(logging.ERROR):
        advance(operation, tiny.flows)
    assert (operation.state, operation.error_code) == (State.FAILED, "ops:generic")
    assert set(operation.error_params) == {"reference"}
    assert operation.error_params["reference"] in caplog.text
    assert "Traceback" in caplog.text
    assert "TOPSECRET" not in caplog.text


def test_a_step_that_hangs_is_interrupted_and_tried_again(begin, azure):
    tiny = Tiny(limit_seconds=0.2)
    finished = []
    tiny.answers["draw"] = [lambda operation: finished.append(time.sleep(10))]
    operation = begin()
    advance(operation, tiny.flows)
    assert finished == []
    assert (operation.state, operation.attempts, operation.step) == (State.RUNNING, 1, "draw")
    assert operation.events.get(verb=Event.Verb.WAITING).code == "ops:too_slow"


def test_a_cancel_request_is_heard_between_steps(begin, tiny):
    operation = begin()
    advance(operation, tiny.flows)
    Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=timezone.now())
    advance(operation, tiny.flows)
    assert (operation.state, operation.is_final) == (State.CANCELLED, True)
    assert tiny.ran == ["draw"]
    assert tiny.endings == [("cancelled", "", {})]


def test_an_operation_cancelled_while_queued_never_reaches_azure(begin, tiny):
    operation = begin(cancel_requested_at=timezone.now())
    advance(operation, tiny.flows)
    assert (operation.state, tiny.ran) == (State.CANCELLED, [])


def test_a_cancel_request_that_comes_during_a_wait_is_heard_at_once(begin, tiny):
    def asked_to_cancel(operation):
        Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=timezone.now())
        return Wait(300)

    tiny.answers["draw"] = [asked_to_cancel]
    operation = begin()
    advance(operation, tiny.flows)
    assert operation.next_try_at <= timezone.now()
    advance(operation, tiny.flows)
    assert operation.state == State.CANCELLED


def test_undoing_may_take_several_looks(begin, azure):
    looks = [Wait(0, "phase:taking_back"), AzureUnreachable("NoAnswer", "?"), Next()]

    def undo(operation, azure):
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return look

    tiny = Tiny(undo=undo)
    operation = begin(cancel_requested_at=timezone.now())
    finish(operation, tiny.flows)
    assert (operation.state, looks, tiny.ran) == (State.CANCELLED, [], [])
    assert ("step", "undo") in story(operation)


def test_past_the_point_of_no_return_a_cancel_request_is_not_heard(begin, azure):
    tiny = Tiny()
    flow = tiny.flows[Operation.Kind.TEST_CONNECTION]
    tiny.flows[Operation.Kind.TEST_CONNECTION] = Flow(steps=flow.steps, no_cancel_from=tiny.paint)
    tiny.answers["paint"] = [Wait(300)]
    operation = begin()
    advance(operation, tiny.flows)
    Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=timezone.now())
    advance(operation, tiny.flows)
    assert operation.next_try_at > timezone.now() + timedelta(seconds=200)
    advance(operation, tiny.flows)
    assert operation.state == State.SUCCEEDED


def test_past_the_deadline_azures_outcome_is_adopted(begin, azure):
    tiny = Tiny()
    flow = tiny.flows[Operation.Kind.TEST_CONNECTION]
    resumed = Flow(steps=flow.steps, reconcile=lambda operation, azure: Resume(tiny.paint))
    operation = begin(deadline_at=timezone.now() - timedelta(seconds=1), step="draw", azure_poll_url="https://x")
    flows = {operation.kind: resumed}
    advance(operation, flows)
    assert (operation.step, operation.azure_poll_url) == ("paint", "")
    assert operation.deadline_at > timezone.now()
    advance(operation, flows)
    assert (operation.state, tiny.ran) == (State.SUCCEEDED, ["paint"])


def test_past_the_deadline_track_is_lost_when_azure_shows_no_outcome(begin, tiny):
    operation = begin(deadline_at=timezone.now() - timedelta(seconds=1))
    advance(operation, tiny.flows)
    assert (operation.state, operation.error_code) == (State.LOST_TRACK, "ops:lost_track")
    assert tiny.ran == []
    assert tiny.endings == [("failed", "ops:lost_track", {})]


def test_a_second_missed_deadline_is_lost_track(begin, azure):
    tiny = Tiny()
    flow = tiny.flows[Operation.Kind.TEST_CONNECTION]
    flows = {
        Operation.Kind.TEST_CONNECTION: Flow(
            steps=flow.steps, reconcile=lambda operation, azure: Resume(tiny.paint), on_failed=flow.on_failed
        )
    }
    operation = begin(deadline_at=timezone.now() - timedelta(seconds=1))
    advance(operation, flows)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    advance(operation, flows)
    assert (operation.state, tiny.ran) == (State.LOST_TRACK, [])


def test_a_reconciliation_that_gets_no_answer_is_tried_again(begin, azure):
    answers = [AzureUnreachable("NoAnswer", "?"), Resume()]

    def look(operation, azure):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tiny = Tiny(reconcile=look)
    operation = begin(deadline_at=timezone.now() - timedelta(seconds=1))
    advance(operation, tiny.flows)
    assert (operation.state, operation.step) == (State.RUNNING, "reconcile")
    advance(operation, tiny.flows)
    assert operation.state == State.LOST_TRACK


def test_a_mistake_in_an_ending_does_not_keep_the_operation_open(begin, azure, caplog):
    def broken(operation, code, params):
        raise ValueError("broken ending")

    tiny = Tiny(on_failed=broken)
    tiny.answers["draw"] = [OpsError("test:stop")]
    operation = begin()
    advance(operation, tiny.flows)
    assert (operation.state, operation.is_final) == (State.FAILED, True)
    assert "broken ending" in caplog.text


def test_the_mirror_is_due_once_an_operation_is_over(begin, tiny, workspace):
    Mirror.objects.filter(workspace=workspace).update(next_at=timezone.now() + timedelta(hours=1))
    finish(begin(), tiny.flows)
    assert Mirror.objects.get(workspace=workspace).next_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_step_runs(begin, tiny):
    seen = []
    tiny.answers["draw"] = [lambda operation: seen.append(connection.in_atomic_block) or Next()]
    finish(begin(), tiny.flows)
    assert seen == [False]


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_with_the_same_message_one_runs_the_step(begin, azure):
    tiny = Tiny()
    operation = begin()
    together = threading.Barrier(2)
    results = []

    def work():
        try:
            together.wait()
            results.append(runner.advance(operation.pk, 0, tiny.flows))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert tiny.ran == ["draw"]
    assert sorted(result is None for result in results) == [False, True]


def test_a_step_starts_another_operation_and_goes_on(begin, tiny, workspace, alice):
    operation = begin()
    run = factories.run(workspace)
    tiny.answers["draw"] = [Start(Operation.Kind.CANCEL_RUN, run, {"because": "drawn"})]
    advance(operation, tiny.flows)
    child = operation.children.get()
    assert (child.kind, child.target, child.plan) == (Operation.Kind.CANCEL_RUN, run, {"because": "drawn"})
    assert (child.lock_key, child.requested_by, child.state) == (run.lock_key, alice, State.QUEUED)
    assert (operation.step, operation.state) == ("paint", State.RUNNING)
    advance(operation, tiny.flows)
    assert operation.state == State.SUCCEEDED


def test_a_step_that_starts_something_waits_for_the_lock_and_starts_it_once(begin, tiny, workspace):
    operation, run = begin(), factories.run(workspace)
    holder = begin(Operation.Kind.SUBMIT_RUN, target=run, lock_key=run.lock_key)
    tiny.answers["draw"] = [Start(Operation.Kind.CANCEL_RUN, run)] * 3
    advance(operation, tiny.flows)
    advance(operation, tiny.flows)
    assert (operation.step, operation.children.count()) == ("draw", 0)
    assert operation.next_try_at > timezone.now()
    assert story(operation).count(("phase", "phase:operation_in_progress")) == 1
    Operation.objects.filter(pk=holder.pk).update(finished_at=timezone.now())
    advance(operation, tiny.flows)
    assert (operation.step, operation.children.count()) == ("paint", 1)


def test_what_a_policy_refuses_to_a_step_fails_its_operation(begin, tiny, workspace, monkeypatch):
    def never(kind, target, by):
        if kind == Operation.Kind.CANCEL_RUN:
            raise Refused("run:already_over")

    monkeypatch.setattr(policies, "POLICIES", (never,))
    operation = begin()
    tiny.answers["draw"] = [Start(Operation.Kind.CANCEL_RUN, factories.run(workspace))]
    advance(operation, tiny.flows)
    assert (operation.state, operation.error_code) == (State.FAILED, "run:already_over")
    assert not operation.children.exists()


def test_a_worker_that_was_taken_over_starts_nothing(begin, tiny, workspace):
    operation, run = begin(), factories.run(workspace)

    def taken_over(operation):
        Operation.objects.filter(pk=operation.pk).update(turn=operation.turn + 1)
        return Start(Operation.Kind.CANCEL_RUN, run)

    tiny.answers["draw"] = [taken_over]
    assert advance(operation, tiny.flows) is None
    assert not operation.children.exists()
