"""Follows runs that are not over: times, failure, log bytes, metric points; says when a run is final."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from ops.azure import jobs, rest
from ops.azure.connections import Connection
from ops.azure.errors import AzureError, AzureNotFound
from ops.azure.facts import RunDetails
from ops.mirror import logs, metrics
from ops.models import FINAL_STATUSES, Run, Workspace
from ops.recording import statuses

# Runs that wait have no details worth a call.
WAITING_STATUSES = ("NotStarted", "Queued")
RUNS_A_ROUND = 20
BACKLOG_A_ROUND = 3
LOG_BYTES_A_ROUND = 8 * 1024 * 1024
# The last log bytes and metrics may come after the final status; Azure gets longer when a log cannot be read.
SETTLE = timedelta(seconds=2)
GIVE_UP = timedelta(minutes=2)


def live(workspace: Workspace) -> QuerySet[Run]:
    """Runs that Azure has and that move, or ended a moment ago."""
    since = timezone.now() - GIVE_UP
    moves = ~Q(status__in=FINAL_STATUSES) | Q(status_changes__at__gt=since)
    return _open(workspace).filter(moves).distinct()


def sync(workspace: Workspace, azure: Connection, cursor: dict[str, Any]) -> None:
    """One look at the live runs, in turn when they are many, and at a few that ended unseen. Raises AzureError."""
    moving = list(live(workspace).exclude(status__in=WAITING_STATUSES).order_by("pk"))
    runs = _share(moving, cursor)
    known = {run.pk for run in moving}
    runs += _open(workspace).filter(status__in=FINAL_STATUSES).exclude(pk__in=known).order_by("-pk")[:BACKLOG_A_ROUND]
    if not runs:
        return
    budget = LOG_BYTES_A_ROUND
    settled = []
    for run in runs:
        details = _details(run, azure)
        if details is None:
            continue
        _note(run, details)
        read, is_at_end = logs.sync(run, details.log_files, azure, budget)
        budget -= read
        if is_at_end and run.status in FINAL_STATUSES and _is_settled(run, read):
            settled.append(run.pk)
    metrics.sync(runs, azure)
    Run.objects.filter(pk__in=settled).update(is_final=True)


def _open(workspace: Workspace) -> QuerySet[Run]:
    return workspace.runs.filter(is_final=False, gone_at=None).exclude(arm_id="")


def _share(runs: list[Run], cursor: dict[str, Any]) -> list[Run]:
    """All of them, or the next RUNS_A_ROUND after those of the last round."""
    if len(runs) <= RUNS_A_ROUND:
        return runs
    last = int(cursor.get("details_after", 0))
    following = [run for run in runs if run.pk > last] + [run for run in runs if run.pk <= last]
    cursor["details_after"] = following[RUNS_A_ROUND - 1].pk
    return following[:RUNS_A_ROUND]


def _details(run: Run, azure: Connection) -> RunDetails | None:
    try:
        return rest.run_details(azure, run.name)
    except AzureNotFound:
        _check_presence(run, azure)
    except AzureError as error:
        if error.retryable:
            raise
    return None


def _check_presence(run: Run, azure: Connection) -> None:
    """Run history may not know a job yet; a job that nobody knows has vanished."""
    try:
        jobs.get(azure, run.name)
    except AzureNotFound:
        vanished = {"is_final": True, "gone_at": timezone.now(), "error_code": "run:vanished"}
        Run.objects.filter(pk=run.pk).update(**vanished, error_params={"name": run.name})


def _note(run: Run, details: RunDetails) -> None:
    columns: dict[str, Any] = {"started_at": details.started_at, "ended_at": details.ended_at}
    if details.error_message or details.error_code:
        columns["error_code"] = "run:failed"
        columns["error_params"] = {"azure_code": details.error_code, "message": details.error_message}
    changed = {name: value for name, value in columns.items() if value and getattr(run, name) != value}
    if changed:
        Run.objects.filter(pk=run.pk).update(**changed)
    if details.status and run.status not in FINAL_STATUSES:
        statuses.record(run, details.status[:40])


def _is_settled(run: Run, read: int) -> bool:
    change = run.status_changes.filter(status=run.status).order_by("-pk").first()
    if change is None:
        return True
    age = timezone.now() - change.at
    return age > GIVE_UP or (read == 0 and age > SETTLE)
