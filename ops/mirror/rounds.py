"""Reads what moved in a workspace into our rows: one chain per workspace, the turn taken as operations' turns are.

A round reads the list of runs, follows the unfinished ones, and does at most one of the slow parts that are due.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ops.azure.connections import Connection
from ops.azure.errors import AzureError
from ops.engine import clouds, failures, limits
from ops.mirror import details, endpoints, models, runs
from ops.models import Mirror, Workspace
from ops.recording import computes

logger = logging.getLogger(__name__)
LIMIT_SECONDS = 50
LEASE_SECONDS = 58
ACTIVE_SECONDS = 1.0
IDLE_SECONDS = 15.0
FAILED_SECONDS = 60.0
# One look a quarter of a minute is no burden on a cloud that does not answer, and people wait for its return.
SILENT_SECONDS = 15.0
# The chain never ends by itself: what may pass is tried again for ever, with back-off.
TRIES = 1_000_000


@dataclass(frozen=True)
class Part:
    """A list that need not be read every round."""

    name: str
    sync: Callable[[Workspace, Connection], None]
    every_seconds: float


# The newest runs are listed every round; all of them, up to a thousand, take some seconds of the SDK.
PARTS = (
    Part("runs", runs.sync_all, 300),
    Part("endpoints", endpoints.sync, 12),
    Part("computes", computes.sync, 30),
    Part("models", models.sync, 30),
)


def read(workspace_pk: int, turn: int) -> Mirror | None:
    """One round. The row as given back, or None: a duplicate, or the workspace was let go."""
    now = timezone.now()
    rows = Mirror.objects.filter(workspace_id=workspace_pk, workspace__unregistered_at=None)
    free = rows.filter(Q(lease_until=None) | Q(lease_until__lt=now), turn=turn)
    if not free.update(turn=F("turn") + 1, lease_until=now + timedelta(seconds=LEASE_SECONDS)):
        return None
    mirror = Mirror.objects.select_related("workspace__credential").get(workspace_id=workspace_pk)
    if mirror.turn != turn + 1:
        return None
    try:
        with limits.at_most(LIMIT_SECONDS):
            columns = _round(mirror)
    except (Exception, limits.TooSlow) as error:
        columns = _failed(mirror, failures.classify(error, attempts=TRIES))
    return _give_back(mirror, columns)


def is_active(workspace: Workspace) -> bool:
    """Whether somebody may be watching something move: a run that is not over, or an open operation."""
    return details.live(workspace).exists() or workspace.operations.filter(finished_at=None).exists()


def _round(mirror: Mirror) -> dict[str, Any]:
    workspace = mirror.workspace
    azure = clouds.connect(workspace)
    cursor: dict[str, Any] = dict(mirror.cursor)
    runs.sync_newest(workspace, azure)
    details.sync(workspace, azure, cursor)
    due_at: dict[str, float] = cursor.setdefault("due", {})
    part = min(PARTS, key=lambda each: due_at.get(each.name, 0.0))
    columns: dict[str, Any] = {"error_code": "", "error_params": {}}
    if due_at.get(part.name, 0.0) <= time.time():
        columns |= _sync(part, workspace, azure)
        due_at[part.name] = time.time() + part.every_seconds
    return columns | {"cursor": cursor, "seen_at": timezone.now(), "attempts": 0}


def _sync(part: Part, workspace: Workspace, azure: Connection) -> dict[str, Any]:
    """A part that we may not read must not keep logs from being followed; a busy Azure ends the round."""
    try:
        part.sync(workspace, azure)
    except AzureError as error:
        if error.retryable:
            raise
        failure = failures.classify(error, attempts=TRIES)
        logger.warning("workspace %s: %s could not be read: %s", workspace.public_id, part.name, error)
        return {"error_code": failure.code, "error_params": failure.params}
    return {}


def _failed(mirror: Mirror, failure: failures.Failure) -> dict[str, Any]:
    tries = mirror.attempts + 1
    seconds = failure.delay_seconds(tries) if failure.is_retried(1) else FAILED_SECONDS
    if failure.retry_after is None and failure.is_retried(1):
        seconds = min(seconds, SILENT_SECONDS)
    return {
        "attempts": tries,
        "error_code": failure.code,
        "error_params": failure.params,
        "next_at": timezone.now() + timedelta(seconds=seconds),
    }


def _give_back(mirror: Mirror, columns: dict[str, Any]) -> Mirror | None:
    """Asked in one transaction with the write: a run that came meanwhile does not wait out the idle time."""
    with transaction.atomic():
        if "next_at" not in columns:
            seconds = ACTIVE_SECONDS if is_active(mirror.workspace) else IDLE_SECONDS
            columns["next_at"] = timezone.now() + timedelta(seconds=seconds)
        mine = Mirror.objects.filter(pk=mirror.pk, turn=mirror.turn, workspace__unregistered_at=None)
        if not mine.update(turn=F("turn") + 1, lease_until=None, **columns):
            return None
    mirror.refresh_from_db(fields=["turn", "next_at", "lease_until", "seen_at", "error_code", "attempts"])
    return mirror
