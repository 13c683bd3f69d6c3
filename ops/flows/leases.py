"""Who may run an operation's next step: one UPDATE takes the turn, one gives it back. Decides nothing about steps."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ops.flows.steps import LEASE_MARGIN_SECONDS
from ops.models import Event, Operation

RELATED = ("workspace__credential", "run", "endpoint", "model_version__registered_model", "requested_by")


def read(pk: int, turn: int) -> Operation | None:
    """The open operation whose turn it is; None for a duplicate message and for one that is over."""
    return Operation.objects.select_related(*RELATED).filter(pk=pk, turn=turn, finished_at=None).first()


def take(operation: Operation, step: str, limit_seconds: float, **columns: Any) -> bool:
    """Take the turn for ``step``; False when somebody else has it. The lease outlasts the step's hard limit."""
    now = timezone.now()
    was_queued, old_step = operation.state == Operation.State.QUEUED, operation.step
    changes = columns | {
        "lease_until": now + timedelta(seconds=limit_seconds + LEASE_MARGIN_SECONDS),
        "state": Operation.State.RUNNING,
        "step": step,
        "heartbeat_at": now,
        "started_at": operation.started_at or now,
    }
    with transaction.atomic():
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        mine = Operation.objects.filter(free, pk=operation.pk, turn=operation.turn, finished_at=None)
        if not mine.update(turn=F("turn") + 1, **changes):
            return False
        for name, value in (changes | {"turn": operation.turn + 1}).items():
            setattr(operation, name, value)
        if was_queued:
            record_event(operation, Event.Kind.STATE)
        if step != old_step:
            record_event(operation, Event.Kind.STEP)
    return True


def record_event(operation: Operation, kind: Event.Kind, code: str = "", params: dict[str, Any] | None = None) -> None:
    """Write one line of the operation's story, about its present state and step."""
    Event.objects.create(
        workspace_id=operation.workspace_id,
        operation=operation,
        kind=kind,
        state=operation.state,
        step=operation.step,
        code=code,
        params=params or {},
    )


def record_event_once(operation: Operation, kind: Event.Kind, code: str, params: dict[str, Any] | None = None) -> None:
    """Write the line unless the last one of its kind in this step says the same: a poll is no news."""
    last = operation.events.filter(kind=kind, step=operation.step).order_by("-pk").first()
    if last is None or last.code != code:
        record_event(operation, kind, code, params)
