"""Opens, cancels and retries operations. The engine in ``ops.flows`` carries them out."""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from ops import queue
from ops.errors import OperationInProgress, WrongState
from ops.models import Endpoint, Event, ModelVersion, Operation, Run, Workspace

# The longest a thing may reasonably take on Azure: building an image takes up to 20 minutes, a quota wait longer.
DEADLINES = {
    Operation.Kind.DEPLOY: timedelta(hours=1),
    Operation.Kind.SUBMIT_RUN: timedelta(minutes=30),
    Operation.Kind.DELETE_ENDPOINT: timedelta(minutes=30),
    Operation.Kind.DELETE_DEPLOYMENT: timedelta(minutes=30),
}
DEFAULT_DEADLINE = timedelta(minutes=15)


def open(  # noqa: A001  (called through the module: operations.open)
    *,
    kind: Operation.Kind,
    workspace: Workspace,
    lock_key: str,
    by: User | None,
    plan: dict[str, Any] | None = None,
    run: Run | None = None,
    model_version: ModelVersion | None = None,
    endpoint: Endpoint | None = None,
    retry_of: Operation | None = None,
) -> Operation:
    """A queued operation, sent to the workers once the surrounding transaction commits.

    Raises OperationInProgress, naming who does what, when another operation is open under ``lock_key``.
    """
    try:
        with transaction.atomic():
            operation = Operation.objects.create(
                kind=kind,
                workspace=workspace,
                lock_key=lock_key,
                requested_by=by,
                plan=plan or {},
                run=run,
                model_version=model_version,
                endpoint=endpoint,
                retry_of=retry_of,
                deadline_at=timezone.now() + DEADLINES.get(kind, DEFAULT_DEADLINE),
                next_try_at=timezone.now() + timedelta(seconds=queue.RESEND_SECONDS),
            )
            note(operation, by)
    except IntegrityError as error:
        raise _busy(lock_key) from error
    transaction.on_commit(lambda: queue.send(operation), robust=True)
    return operation


def note(operation: Operation, by: User | None, code: str = "", **params: Any) -> None:
    """Write into the story what a person asked for."""
    Event.objects.create(
        workspace=operation.workspace,
        operation=operation,
        kind=Event.Kind.REQUESTED,
        state=operation.state,
        by=by,
        code=code,
        params=params,
    )


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
            note(operation, by, "operation:cancel_requested")
            transaction.on_commit(lambda: queue.send(operation), robust=True)
    return operation


def retry(operation: Operation, by: User) -> Operation:
    """A new operation with the same plan, linked to the old one. Raises WrongState, OperationInProgress."""
    if not operation.is_final or operation.state == Operation.State.SUCCEEDED:
        raise WrongState("operation:nothing_to_retry")
    with transaction.atomic():
        return open(
            kind=Operation.Kind(operation.kind),
            workspace=operation.workspace,
            lock_key=operation.lock_key,
            by=by,
            plan=operation.plan,
            run=operation.run,
            model_version=operation.model_version,
            endpoint=operation.endpoint,
            retry_of=operation,
        )


def _busy(lock_key: str) -> OperationInProgress:
    holder = Operation.objects.filter(lock_key=lock_key, finished_at=None).select_related("requested_by").first()
    return OperationInProgress(
        "operation:busy",
        who=str(holder.requested_by) if holder and holder.requested_by else "",
        what=holder.kind if holder else "",
        operation=holder.public_id if holder else "",
    )
