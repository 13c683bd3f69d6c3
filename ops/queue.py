"""Sends messages to the workers by task *name*. A broker that is down delays work, it never fails a request."""

import logging
from datetime import datetime, timedelta
from typing import TypeVar

from celery import current_app
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError

from ops.models import Mirror, Operation

logger = logging.getLogger(__name__)
Row = TypeVar("Row", Operation, Mirror)
MESSAGE_EXPIRES_SECONDS = 60
# How long dispatch leaves a message time to arrive before it sends the operation again.
RESEND_SECONDS = 5
# A shorter wait travels with its message and ends to the tenth of a second; dispatch ends the longer ones.
SHORT_SECONDS = 10
MOST_A_DISPATCH = 500


def send(operation: Operation, in_seconds: float = 0) -> bool:
    """Ask a worker of its cloud to take the next step. False when the broker is down: dispatch sends again."""
    return _send("ops.advance", [operation.pk, operation.turn], operation.queue, in_seconds)


def send_on(operation: Operation) -> bool:
    """Ask for the step that is due soon, or, of an operation that is over, for a look at what it changed.

    Longer waits are left to dispatch.
    """
    if operation.is_final:
        mirror = Mirror.objects.select_related("workspace").filter(workspace__operations=operation).first()
        return mirror is not None and send_mirror(mirror)
    wait = _seconds_until(operation.next_try_at)
    return wait <= SHORT_SECONDS and send(operation, wait)


def send_mirror(mirror: Mirror, in_seconds: float = 0) -> bool:
    """Ask a worker of the workspace's cloud to read what moved there. False when the broker is down."""
    return _send("ops.mirror", [mirror.workspace_id, mirror.turn], mirror.workspace.queue, in_seconds)


def send_mirror_on(mirror: Mirror) -> bool:
    """Ask for the round that is due soon; the others are left to dispatch."""
    wait = _seconds_until(mirror.next_at)
    return wait <= SHORT_SECONDS and send_mirror(mirror, wait)


def send_due() -> int:
    """Send what is due and still waits: lost messages, long waits, killed workers' leases. How many."""
    operations = Operation.objects.open()
    mirrors = Mirror.objects.filter(workspace__unregistered_at=None).select_related("workspace")
    sent = sum(send(row) for row in _due(operations, "next_try_at") if _postpone(row, "next_try_at"))
    return sent + sum(send_mirror(row) for row in _due(mirrors, "next_at") if _postpone(row, "next_at"))


def _due(rows: QuerySet[Row], column: str) -> QuerySet[Row]:
    due_at = Coalesce("lease_until", column)
    return rows.annotate(due_at=due_at).filter(due_at__lt=timezone.now()).order_by("due_at")[:MOST_A_DISPATCH]


def _postpone(row: Operation | Mirror, column: str) -> bool:
    """Leave the message time to arrive. False when the row's turn was taken meanwhile."""
    later = {"lease_until": None, column: timezone.now() + timedelta(seconds=RESEND_SECONDS)}
    return bool(
        type(row)._default_manager.filter(pk=row.pk, turn=row.turn, lease_until=row.lease_until).update(**later)
    )


def _seconds_until(at: datetime | None) -> float:
    return max(0.0, (at - timezone.now()).total_seconds()) if at else 0.0


def _send(task: str, arguments: list[int], queue: str, in_seconds: float) -> bool:
    try:
        current_app.send_task(
            task,
            args=arguments,
            queue=queue,
            countdown=in_seconds or None,
            expires=in_seconds + MESSAGE_EXPIRES_SECONDS,
            ignore_result=True,
            retry=False,
        )
    except (OperationalError, OSError) as error:
        logger.warning("%s%s not sent, the queue service does not answer: %s", task, tuple(arguments), error)
        return False
    return True
