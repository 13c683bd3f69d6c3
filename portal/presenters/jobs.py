"""Training runs (jobs, in Azure's word) as pages and JSON clients read them."""

from typing import Any

from django.db.models import F, Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone

from ops.messages import explained
from ops.models import FINAL_STATUSES, Deployment, MetricSeries, ModelVersion, Operation, Run
from portal import badges
from portal.presenters.operations import DONE, FAILED, NOW, STOPPED, TODO, Step
from portal.responses import error_json

# Azure's usual way through a job. What was really seen is drawn first; the rest of this row is what may follow.
USUAL = ("Submitting", "NotStarted", "Preparing", "Queued", "Running", "Finalizing", "Completed")
EXPECTED = ("Queued", "Running", "Finalizing", "Completed")


def every() -> QuerySet[Run]:
    """With all that a page names; a registry's or Azure's deletion leaves the row as history."""
    return Run.objects.filter(workspace__unregistered_at=None).select_related("workspace", "requested_by", "retry_of")


def of_purpose(purpose: str) -> QuerySet[Run]:
    """The runs of one purpose; trainings unless another one is asked for, since they are what people look for."""
    asked = purpose if purpose in Run.Purpose.values else Run.Purpose.TRAINING
    return every().filter(purpose=asked)


def listed(runs: QuerySet[Run]) -> QuerySet[Run]:
    """With each run's key metric as ``key_metrics``: one more query for the page."""
    main = MetricSeries.objects.filter(key=F("run__main_metric"))
    metrics = Prefetch("metrics", main, to_attr="key_metrics")
    return runs.prefetch_related(metrics)


def last_operation(run: Run) -> Operation | None:
    """What is or was last done with the run: sent, cancelled. The making of a version is the version's."""
    kinds = (Operation.Kind.SUBMIT_RUN, Operation.Kind.CANCEL_RUN)
    return (
        Operation.objects.about(run)
        .filter(kind__in=kinds)
        .select_related("workspace", "requested_by")
        .order_by("-pk")
        .first()
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


def lineage(run: Run) -> list[ModelVersion]:
    """The versions made from the run, each with the deployments that serve it in ``serving``: two queries."""
    serving = Prefetch(
        "deployments", Deployment.objects.filter(gone_at=None).select_related("endpoint"), to_attr="serving"
    )
    versions = run.model_versions.filter(gone_at=None).select_related("registered_model").prefetch_related(serving)
    return list(versions.order_by("pk"))


def is_registering(run: Run) -> bool:
    registering = run.model_versions.filter(state=ModelVersion.State.REGISTERING)
    return Operation.objects.open().about(*registering).exists()


def outline(run: Run) -> dict[str, Any]:
    metrics: list[MetricSeries] = getattr(run, "key_metrics", [])
    return {
        "id": run.public_id,
        "name": run.name,
        "display_name": run.display_name,
        "url": reverse("jobs:detail", args=[run.public_id]),
        "status": run.status,
        "is_final": run.is_final,
        "experiment": run.experiment,
        "recipe": run.recipe,
        "workspace": run.workspace.name,
        "compute": run.compute,
        "requested_by": str(run.requested_by or ""),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_seconds": duration_seconds(run),
        "error": error_json(explained(run)),
        "metrics": {series.key: value_of(series) for series in metrics},
    }


def describe(run: Run) -> dict[str, Any]:
    versions = run.model_versions.select_related("registered_model").order_by("pk")
    return outline(run) | {
        "parameters": run.parameters,
        "metrics": {series.key: value_of(series) for series in run.metrics.all()},
        "status_changes": [{"status": change.status, "at": change.at} for change in run.status_changes.all()],
        "log_files": [{"name": file.name, "size": file.size} for file in run.log_files.all()],
        "model_versions": [
            {
                "id": version.public_id,
                "name": version.registered_model.name,
                "version": version.version,
                "state": version.state,
                "url": reverse("models:version", args=[version.public_id]),
            }
            for version in versions
        ],
    }


def value_of(series: MetricSeries) -> dict[str, Any]:
    return {"value": series.last_value, "step": series.last_step, "points": series.point_count}


def _state(status: str, is_last: bool) -> str:
    if status in FINAL_STATUSES:
        return {"Completed": DONE, "Failed": FAILED}.get(status, STOPPED)
    return NOW if is_last else DONE


def _to_come(run: Run, seen: list[str]) -> list[str]:
    if is_over(run) or not seen or seen[-1] in FINAL_STATUSES or seen[-1] == Run.CANCEL_REQUESTED:
        return []
    furthest = max((USUAL.index(status) for status in seen if status in USUAL), default=0)
    return [status for status in EXPECTED if USUAL.index(status) > furthest]
