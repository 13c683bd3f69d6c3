"""Runs one step of an operation and decides what follows. The only writer of ``Operation.state``. Queues nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from ops import events, opening, targets
from ops.engine import checkpoints, clouds, failures, leases, limits
from ops.engine.registry import FLOWS
from ops.engine.steps import Flow, Next, Resume, Start, Step, Wait, Work, keep
from ops.errors import OperationInProgress, Refused
from ops.models import Event, Mirror, Operation

logger = logging.getLogger(__name__)
State = Operation.State
UNDO = "undo"
RECONCILE = "reconcile"
# What undoing, and finishing what Azure has done past the deadline, may take on top.
GRACE = timedelta(minutes=10)
# How soon a step that starts another operation looks again whether the lock is free.
HELD_LOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Transition:
    """What follows from a step: the columns of the operation's row that change, and the event that tells of it.

    ``verb`` is None when nothing is worth an event. A poll that repeats itself is told ``once``. ``starts`` is another
    operation that is opened in the same transaction.
    """

    columns: dict[str, Any]
    verb: Event.Verb | None = None
    code: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    once: bool = False
    starts: Start | None = None


def advance(pk: int, turn: int, flows: Mapping[str, Flow] = FLOWS) -> Operation | None:
    """Run the operation's next step. The row as given back, or None: a duplicate, or taken over meanwhile."""
    operation = leases.read(pk, turn)
    if operation is None:
        return None
    flow = flows[operation.kind]
    step, columns = _choose(flow, operation)
    if not leases.take(operation, step.name, step.limit_seconds, **columns):
        return None
    try:
        transition = _run(flow, step, operation)
    except checkpoints.LeaseLost:
        logger.info("operation %s: the turn was taken over in step %s", operation.public_id, step.name)
        return None
    return _give_back(flow, operation, transition)


def _choose(flow: Flow, operation: Operation) -> tuple[Step, dict[str, Any]]:
    """The step to run now, and the columns that change with it: a cancel or a missed deadline changes the way."""
    now = timezone.now()
    if operation.step == UNDO:
        return Step(flow.undo, alias=UNDO), {}
    if operation.cancel_requested_at and flow.hears_cancel_at(operation.step):
        return Step(flow.undo, alias=UNDO), {"deadline_at": max(operation.deadline_at, now + GRACE), "attempts": 0}
    if operation.step == RECONCILE:
        return Step(flow.reconcile, alias=RECONCILE), {}
    if operation.deadline_at < now:
        return Step(flow.reconcile, alias=RECONCILE), {"deadline_at": now + GRACE, "attempts": 0, "azure_poll_url": ""}
    return flow.named(operation.step), {}


def _run(flow: Flow, step: Step, operation: Operation) -> Transition:
    try:
        with limits.at_most(step.limit_seconds):
            outcome = (
                Next() if step.work is keep else step.work(operation, clouds.connect(targets.workspace(operation)))
            )
    except checkpoints.LeaseLost:
        raise
    except (Exception, limits.TooSlow) as error:
        return _failed(flow, operation, failures.classify(error, flow.attempts))
    match outcome:
        case Wait():
            return _waits(operation, outcome)
        case Resume():
            return _resumed(operation, outcome.work)
        case Start():
            return replace(_moves(flow, operation, Next()), starts=outcome)
    return _moves(flow, operation, outcome)


def _waits(operation: Operation, outcome: Wait) -> Transition:
    if operation.step == UNDO and operation.deadline_at < timezone.now():
        return _ends(State.LOST_TRACK, "ops:lost_track")
    columns = {"attempts": 0, "next_try_at": _in(outcome.seconds)}
    return Transition(columns, Event.Verb.PHASE if outcome.phase else None, outcome.phase, once=True)


def _moves(flow: Flow, operation: Operation, outcome: Next) -> Transition:
    following = flow.after(operation.step) if operation.step != UNDO else None
    if following:
        return _goes_to(following.name, outcome.poll_url)
    return _ends(State.CANCELLED if operation.step == UNDO else State.SUCCEEDED)


def _goes_to(step: str, poll_url: str = "") -> Transition:
    columns = {"step": step, "azure_poll_url": poll_url, "attempts": 0, "next_try_at": timezone.now()}
    return Transition(columns, Event.Verb.STEP)


def _resumed(operation: Operation, work: Work | None) -> Transition:
    """Go on where Azure is, but only once: a second missed deadline is lost track."""
    times = operation.events.filter(verb=Event.Verb.STEP, step=RECONCILE).count()
    if work is None or times > 1:
        return _ends(State.LOST_TRACK, "ops:lost_track")
    return _goes_to(work.__name__)


def _failed(flow: Flow, operation: Operation, failure: failures.Failure) -> Transition:
    tries = operation.attempts + 1
    is_in_time = operation.step not in (UNDO, RECONCILE) or operation.deadline_at > timezone.now()
    if not (failure.is_retried(tries) and is_in_time):
        if operation.step == RECONCILE:
            return _ends(State.LOST_TRACK, "ops:lost_track")
        return _ends(State.FAILED, failure.code, failure.params)
    delay = failure.delay_seconds(tries)
    columns = {"attempts": tries, "next_try_at": _in(delay)}
    params = failure.params | {"seconds": round(delay)}
    return Transition(columns, Event.Verb.WAITING, failure.code, params, once=True)


def _ends(state: State, code: str = "", params: dict[str, Any] | None = None) -> Transition:
    columns = {
        "state": state,
        "error_code": code,
        "error_params": params or {},
        "azure_poll_url": "",
        "next_try_at": None,
        "finished_at": timezone.now(),
    }
    return Transition(columns, Event.Verb.STATE, code, params or {})


def _give_back(flow: Flow, operation: Operation, transition: Transition) -> Operation | None:
    """Write the transition if the turn is still mine, and end the targets' rows with it. No network in here."""
    with transaction.atomic():
        mine = Operation.objects.select_for_update().filter(pk=operation.pk, turn=operation.turn, finished_at=None)
        if mine.values_list("pk").first() is None:
            logger.info("operation %s: the result of %s came too late", operation.public_id, operation.step)
            return None
        ran = operation.step
        if transition.starts:
            transition = _started(operation, transition)
        columns = transition.columns | {"lease_until": None, "heartbeat_at": timezone.now()}
        for name, value in columns.items():
            setattr(operation, name, value)
        if transition.verb:
            record = events.record_of_operation_once if transition.once else events.record_of_operation
            record(operation, transition.verb, transition.code, transition.params)
        if operation.next_try_at and operation.step != UNDO and flow.hears_cancel_at(operation.step):
            # A cancel request that came during the step is heard at once, not after the wait.
            columns["next_try_at"] = _at_once_when_cancelled(operation.next_try_at)
        mine.update(turn=F("turn") + 1, **columns)
        if operation.is_final:
            _end_targets(flow, operation)
            # What the operation changed is read back at once.
            waiting = Mirror.objects.filter(workspace__operations=operation, next_at__isnull=False)
            waiting.update(next_at=timezone.now())
    operation.refresh_from_db(fields=["turn", "next_try_at", "cancel_requested_at"])
    told = (operation.kind, operation.public_id, ran, operation.state, operation.error_code or operation.step)
    logger.info("%s %s: %s done, %s %s", *told)
    return operation


def _started(operation: Operation, transition: Transition) -> Transition:
    """Open what the step asked for. A held lock is waited for; a policy's refusal fails the operation."""
    wanted = transition.starts
    assert wanted is not None
    try:
        opening.open_operation(
            wanted.kind,
            wanted.target,
            by=operation.requested_by,
            lock_key=wanted.lock_key,
            plan=wanted.plan,
            parent=operation,
        )
    except OperationInProgress:
        return _waits(operation, Wait(HELD_LOCK_SECONDS, "phase:operation_in_progress"))
    except Refused as error:
        return _ends(State.FAILED, error.code, error.params)
    return transition


def _end_targets(flow: Flow, operation: Operation) -> None:
    """Tell the run, deployment … what became of it; a mistake in there must not keep the operation open."""
    ending = {State.CANCELLED: flow.on_cancelled, State.SUCCEEDED: None}.get(State(operation.state), flow.on_failed)
    try:
        with transaction.atomic():
            if ending:
                ending(operation, operation.error_code, operation.error_params)
    except Exception:
        logger.exception("operation %s ended, but its targets' rows could not be written", operation.public_id)


def _at_once_when_cancelled(at: datetime) -> Case:
    return Case(When(cancel_requested_at__isnull=False, then=Value(timezone.now())), default=Value(at))


def _in(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
