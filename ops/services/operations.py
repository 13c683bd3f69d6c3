"""Cancels and retries operations. The engine in ``ops.flows`` carries them out; ``ops.opening`` opens them."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from ops import events, queue
from ops.errors import WrongState
from ops.models import Event, Operation
from ops.opening import open_operation


def cancel(operation: Operation, by: User) -> Operation:
    """Ask the engine to stop at the next step. Raises WrongState when it is already over."""
    with transaction.atomic():
        moved = Operation.objects.filter(pk=operation.pk, finished_at=None, cancel_requested_at=None).update(
            cancel_requested_at=timezone.now(), cancel_requested_by=by, next_try_at=timezone.now()
        )
        operation.refresh_from_db()
        if operation.is_final:
            raise WrongState("operation:already_over")
        if moved:
            events.record_of_operation(operation, Event.Verb.REQUESTED, "operation:cancel_requested", by=by)
            transaction.on_commit(lambda: queue.send(operation), robust=True)
    return operation


def retry(operation: Operation, by: User) -> Operation:
    """A new operation with the same plan, linked to the old one. Raises WrongState, OperationInProgress."""
    if not operation.is_final or operation.state == Operation.State.SUCCEEDED:
        raise WrongState("operation:nothing_to_retry")
    if operation.target is None:
        raise WrongState("ops:target_gone")
    with transaction.atomic():
        return open_operation(
            Operation.Kind(operation.kind),
            operation.target,
            by=by,
            lock_key=operation.lock_key,
            plan=operation.plan,
            retry_of=operation,
        )
