"""Who may run an operation's next step: one UPDATE takes the lease and the turn. Decides nothing about steps."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ops import events
from ops.engine.steps import LEASE_MARGIN_SECONDS
from ops.models import Event, Operation

RELATED = ("workspace__credential", "requested_by")


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
            events.record_of_operation(operation, Event.Verb.STATE)
        if step != old_step:
            events.record_of_operation(operation, Event.Verb.STEP)
    return True
