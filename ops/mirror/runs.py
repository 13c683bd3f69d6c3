"""Mirrors the list of jobs: status changes, and rows for jobs made outside the portal."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from ops.azure import jobs
from ops.azure.connections import Connection
from ops.azure.facts import JobFacts
from ops.models import FINAL_STATUSES, Run, RunStatusChange, Workspace
from ops.recording import statuses

NEWEST = 50
ALL = 1000
BATCH = 100


def sync_newest(workspace: Workspace, azure: Connection) -> None:
    """The newest jobs: where nearly all that moves is. Raises AzureError."""
    _write(workspace, jobs.list_jobs(azure, NEWEST))


def sync_all(workspace: Workspace, azure: Connection) -> None:
    """As many as we list at all; what is no longer in a complete list gets ``gone_at``. Raises AzureError."""
    began_at = timezone.now()
    listed = jobs.list_jobs(azure, ALL)
    for start in range(0, len(listed), BATCH):
        _write(workspace, listed[start : start + BATCH])
    if len(listed) < ALL:
        names = {facts.name.lower() for facts in listed}
        known = workspace.runs.filter(gone_at=None, created_at__lt=began_at, is_final=True).exclude(arm_id="")
        gone = [pk for pk, name in known.values_list("pk", "name") if name.lower() not in names]
        for start in range(0, len(gone), BATCH):
            Run.objects.filter(pk__in=gone[start : start + BATCH]).update(gone_at=began_at)


def _write(workspace: Workspace, listed: list[JobFacts]) -> None:
    now = timezone.now()
    spellings = {name for facts in listed for name in (facts.name, facts.name.lower())}
    with transaction.atomic():
        rows = {run.name.lower(): run for run in workspace.runs.filter(name__in=spellings)}
        seen = [_note(workspace, rows.get(facts.name.lower()), facts, now) for facts in listed]
        Run.objects.filter(pk__in=seen).update(seen_at=now, gone_at=None)


def _note(workspace: Workspace, run: Run | None, facts: JobFacts, now: datetime) -> int:
    if run is None:
        return _discover(workspace, facts, now).pk
    changes: dict[str, Any] = {}
    if not run.arm_id:
        changes = {"arm_id": facts.arm_id, "studio_url": facts.studio_url[:500]}
    if facts.display_name and facts.display_name != run.name and facts.display_name[:255] != run.display_name:
        changes["display_name"] = facts.display_name[:255]
    if run.is_final and not run.arm_id:
        # We had given it up, yet Azure has it.
        changes |= {"is_final": False, "error_code": "", "error_params": {}, "ended_at": None}
    if changes:
        Run.objects.filter(pk=run.pk).update(**changes)
    if run.status not in FINAL_STATUSES or not run.arm_id:
        # A list may lag behind the details that were read before it: no way back from an end.
        statuses.record(run, facts.status)
    return run.pk


def _discover(workspace: Workspace, facts: JobFacts, now: datetime) -> Run:
    """A job made outside the portal, or by an older database of it."""
    run = Run.objects.create(
        workspace=workspace,
        name=facts.name,
        display_name="" if facts.display_name == facts.name else facts.display_name[:255],
        experiment=facts.experiment[:255],
        compute=facts.compute[:64],
        status=facts.status[:40],
        arm_id=facts.arm_id,
        studio_url=facts.studio_url[:500],
    )
    Run.objects.filter(pk=run.pk).update(created_at=facts.created_at or now)
    # One that ended before we saw it is no news: nobody waits for its log.
    at = facts.created_at if run.status in FINAL_STATUSES else None
    RunStatusChange.objects.create(run=run, status=run.status, at=at or now)
    return run
