"""The only place where operations are opened: for services, and for a step that starts another operation.

In one transaction: the policies are asked, the row takes its lock, the event is written; after the commit the message
goes to the workers.
"""

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from ops import events, policies, queue
from ops.errors import OperationInProgress
from ops.models import Event, Operation
from ops.models.places import team_of, workspace_of
from ops.models.targets import target_columns

# The longest a thing may reasonably take on Azure: building an image takes up to 20 minutes, a quota wait longer.
DEADLINES = {
    Operation.Kind.DEPLOY: timedelta(hours=1),
    Operation.Kind.SUBMIT_RUN: timedelta(minutes=30),
    Operation.Kind.DELETE_ENDPOINT: timedelta(minutes=30),
    Operation.Kind.DELETE_DEPLOYMENT: timedelta(minutes=30),
}
DEFAULT_DEADLINE = timedelta(minutes=15)
# The queue of what concerns no cloud.
PORTAL_QUEUE = "portal"


def open_operation(
    kind: Operation.Kind,
    target: Model,
    *,
    by: User | None,
    lock_key: str = "",
    plan: dict[str, Any] | None = None,
    retry_of: Operation | None = None,
    parent: Operation | None = None,
) -> Operation:
    """Return a queued operation about ``target``, sent to the workers once the surrounding transaction commits.

    ``lock_key`` is the target's own when it is not given. Raises Refused when a policy forbids it, and
    OperationInProgress, naming who does what, when another operation is open under the lock.
    """
    policies.check(kind, target, by)
    lock_key = lock_key or target.lock_key  # type: ignore[attr-defined]
    now = timezone.now()
    try:
        with transaction.atomic():
            operation = Operation.objects.create(
                kind=kind,
                lock_key=lock_key,
                requested_by=by,
                plan=plan or {},
                retry_of=retry_of,
                parent=parent,
                deadline_at=now + DEADLINES.get(kind, DEFAULT_DEADLINE),
                next_try_at=now + timedelta(seconds=queue.RESEND_SECONDS),
                **columns_about(target),
            )
            events.record_of_operation(operation, Event.Verb.REQUESTED, by=by)
    except IntegrityError as error:
        raise in_progress("operation:busy", holder_of(lock_key)) from error
    operation.keep_target(target)
    transaction.on_commit(lambda: queue.send(operation), robust=True)
    return operation


def columns_about(target: Model) -> dict[str, Any]:
    """Return the columns of an operation that follow from its target: its names, place and queue."""
    workspace = workspace_of(target)
    return target_columns(target) | {
        "team": team_of(target),
        "workspace": workspace,
        "queue": workspace.queue if workspace else PORTAL_QUEUE,
    }


def holder_of(lock_key: str) -> Operation | None:
    """Return the open operation that holds the lock."""
    return Operation.objects.open().locking(lock_key).select_related("requested_by").first()


def in_progress(code: str, holder: Operation | None) -> OperationInProgress:
    """Return the refusal that names who does what, read from the operation that is in the way."""
    return OperationInProgress(
        code,
        who=str(holder.requested_by) if holder and holder.requested_by else "",
        what=holder.kind if holder else "",
        operation=holder.public_id if holder else "",
    )
