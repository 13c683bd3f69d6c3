"""What pages show of training runs (jobs, in Azure's word): timeline, error, lineage, what may be done."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from ops.messages import Explanation, explained
from ops.models import FINAL_STATUSES, InputFile, LogFile, MetricSeries, ModelVersion, Operation, Run
from portal import badges
from portal.presenters import operations
from portal.presenters.operations import DONE, FAILED, NOW, STOPPED, TODO, Step
from portal.queries import jobs as queries
from portal.queries import recipes

# Azure's usual way through a job. What was really seen is drawn first; the rest of this row is what may follow.
USUAL = ("Submitting", "NotStarted", "Preparing", "Queued", "Running", "Finalizing", "Completed")
EXPECTED = ("Queued", "Running", "Finalizing", "Completed")


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of the list; ``key_value`` is the last value of the main metric, None without one."""

    run: Run
    url: str
    workspace: str
    who: str
    key_value: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class JobPage:
    """One run; ``steps`` are those of the operation under way, ``error_end`` is the last line of Azure's message."""

    run: Run
    error: Explanation | None
    error_end: str
    operation: Operation | None
    operation_error: Explanation | None
    steps: list[Step]
    timeline: list[Step]
    seconds: float | None
    series: Iterable[MetricSeries]
    log_files: Iterable[LogFile]
    input_files: Iterable[InputFile]
    lineage: list[ModelVersion]
    is_live: bool
    is_cancelling: bool
    may_write: bool
    may_cancel: bool
    may_retry: bool
    may_clone: bool
    may_register: bool


def row(run: Run) -> JobRow:
    """Return what the list shows of the run, read through ``complete_for_list``."""
    return JobRow(
        run=run,
        url=reverse("jobs:detail", args=[run.public_id]),
        workspace=run.workspace.name,
        who=str(run.requested_by or ""),
        key_value=queries.key_value(run),
        seconds=duration_seconds(run),
    )


def page(run: Run, may_write: bool) -> JobPage:
    """Return what the run's page shows; the views behind the buttons ask again."""
    operation, error, spec = queries.last_operation(run), explained(run), run.job_spec
    is_busy, is_ending = bool(operation and not operation.is_final), is_cancelling(run, operation)
    return JobPage(
        run=run,
        error=error,
        error_end=last_line(error.detail) if error else "",
        operation=operation,
        operation_error=explained(operation) if operation else None,
        steps=operations.steps(operation) if operation and is_busy else [],
        timeline=timeline(run),
        seconds=duration_seconds(run),
        series=run.metrics.all(),
        log_files=run.log_files.all(),
        input_files=run.input_files.all(),
        lineage=queries.list_versions_made(run),
        is_live=not run.is_final or is_busy or queries.is_registering(run),
        is_cancelling=is_ending,
        may_write=may_write,
        may_cancel=may_write and not is_over(run) and not is_ending,
        may_retry=may_write and run.is_final and spec is not None,
        may_clone=may_write and recipes.find(run.recipe) is not None,
        may_register=may_write and run.is_completed and bool(spec and spec.makes.model_path),
    )


def is_over(run: Run) -> bool:
    """Whether Azure has ended the job; the row is final a moment later, when the last of its log is here."""
    return run.is_final or run.status in FINAL_STATUSES


def is_cancelling(run: Run, operation: Operation | None) -> bool:
    """Whether somebody has asked to end the job and it has not ended yet."""
    if is_over(run) or operation is None or operation.is_final:
        return False
    return operation.kind == Operation.Kind.CANCEL_RUN or operation.cancel_requested_at is not None


def last_line(detail: str) -> str:
    """The end of Azure's message: where a traceback says what went wrong."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def duration_seconds(run: Run) -> float | None:
    """From Azure's start to its end, or until now; None before it started."""
    if run.started_at is None or (is_over(run) and run.ended_at is None):
        return None
    return max(0.0, ((run.ended_at or timezone.now()) - run.started_at).total_seconds())


def timeline(run: Run) -> list[Step]:
    """The statuses in the order they came, then those that usually follow: one query."""
    changes = list(run.status_changes.all())
    ends = [*(change.at for change in changes[1:]), None][: len(changes)]
    seen = [
        Step(change.status, badges.label(change.status), _state(change.status, end is None), change.at, end)
        for change, end in zip(changes, ends, strict=True)
    ]
    return seen + [Step(status, badges.label(status), TODO) for status in _to_come(run, [step.name for step in seen])]


def _state(status: str, is_last: bool) -> str:
    if status in FINAL_STATUSES:
        return {"Completed": DONE, "Failed": FAILED}.get(status, STOPPED)
    return NOW if is_last else DONE


def _to_come(run: Run, seen: list[str]) -> list[str]:
    if is_over(run) or not seen or seen[-1] in FINAL_STATUSES or seen[-1] == Run.CANCEL_REQUESTED:
        return []
    furthest = max((USUAL.index(status) for status in seen if status in USUAL), default=0)
    return [status for status in EXPECTED if USUAL.index(status) > furthest]
