"""Training jobs: runs in Azure ML with their metrics, log and what was made from them."""

from datetime import datetime
from typing import Annotated, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from ops.models import MetricSeries, Run
from portal.api.schemas.common import EXAMPLE_TIME, Given, Problem, described, problem_with
from portal.api.schemas.operations import OperationDetail
from portal.presenters.jobs import duration_seconds
from portal.queries.jobs import key_metrics
from portal.queries.metrics import Series


def _one_error(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Say once that a value is of none of the kinds; pydantic would say it for each kind."""
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("answer", _("A number, a text, true, false or null.")) from None


Answer = Annotated[int | float | str | bool | None, WrapValidator(_one_error)]


class JobIn(Given):
    """A job to queue."""

    recipe: str = described("Name of a recipe.", "mnist-keras", max_length=100)
    workspace: str = described("Id of a workspace that is ready.", "w8n3c5dk2p", max_length=16)
    compute: str = described("Name of a compute of that workspace.", "cpu-cluster", max_length=64)
    display_name: str = described("What you will look for in the list.", "LeNet, 6 epochs", "", max_length=255)
    parameters: dict[str, Answer] = described("Answers to the recipe's questions; defaults are taken else.", {}, {})


class MetricOut(Schema):
    """The last value of a metric."""

    value: float | None = described("The value; null for NaN and the infinities.", 0.984)
    step: int = described("The step it was logged at.", 6)
    points: int = described("How many points of its history the portal holds.", 6)


class JobOut(Schema):
    """A run in Azure ML."""

    id: str = described("Opaque id.", "k3x9m2ab7q")
    name: str = described("Name in Azure ML, and MLflow run id.", "mnist-keras-k3x9m2ab7q")
    display_name: str = described("Name given by a person; may be empty.", "LeNet, 6 epochs")
    status: str = described("Azure's own word; Submitting before Azure has it.", "Completed")
    is_final: bool = described("Whether it has ended and its log is read to the end.", True)
    experiment: str = described("Experiment in Azure ML.", "mnist")
    recipe: str = described("Recipe it was made from; empty for one made elsewhere.", "mnist-keras")
    workspace: str = described("Id of the workspace.", "w8n3c5dk2p")
    workspace_name: str = described("Name of the workspace.", "local")
    compute: str = described("Compute it runs on.", "cpu-cluster")
    requested_by: str = described("The person who asked; empty for one made elsewhere.", "Alice")
    created_at: datetime = described("When it was queued.", EXAMPLE_TIME)
    started_at: datetime | None = described("When it began to run.", EXAMPLE_TIME)
    ended_at: datetime | None = described("When it ended.", EXAMPLE_TIME)
    duration_seconds: float | None = described("From start to end; null until it has ended.", 41.5)
    url: str = described("Its page in the portal.", "/jobs/k3x9m2ab7q/")
    error: Problem | None = described("Why it failed.", None)
    metrics: dict[str, MetricOut] = described(
        "Last values by name: the main metric in a list, all of them for one job.",
        {"val_accuracy": {"value": 0.984, "step": 6, "points": 6}},
    )


class StatusChange(Schema):
    """One change of a job's status."""

    status: str = described("Azure's own word.", "Running")
    at: datetime = described("When it was seen.", EXAMPLE_TIME)


class LogFileOut(Schema):
    """A log file of a job."""

    name: str = described("Azure's name of the file.", "user_logs/std_log.txt")
    size: int = described("Bytes read so far.", 18230)


class VersionMade(Schema):
    """A model version made from a job."""

    id: str = described("Opaque id.", "v4d8s2nw6e")
    name: str = described("Name of the model.", "mnist-keras")
    version: str = described("Number in the registry.", "3")
    state: str = described("registering, ready or failed.", "ready")


class JobDetail(JobOut):
    """A job with all that its page shows."""

    parameters: dict[str, Answer] = described("The answers that the job was made from.", {"epochs": 6})
    status_changes: list[StatusChange]
    log_files: list[LogFileOut]
    model_versions: list[VersionMade]
    operation: OperationDetail | None


class LogPiece(Schema):
    """A part of a log file, at most 256 KB. Ask again from ``next_offset`` until ``is_final``."""

    file: str = described("Which file.", "user_logs/std_log.txt")
    text: str = described("The text.", "epoch 1: val_accuracy 0.95\n")
    offset: int = described("Byte at which the text begins.", 0)
    next_offset: int = described("Byte at which the next piece begins.", 27)
    size: int = described("Bytes of the file read so far.", 27)
    is_final: bool = described("Whether nothing will follow.", False)
    is_capped: bool = described("Whether the rest of the file was left with Azure.", False)


class SeriesOut(Schema):
    """The history of one metric, thinned to about 2,000 points of which none hides a spike."""

    key: str = described("Name of the metric.", "val_accuracy")
    points: list[tuple[int, float | None, int]] = described(
        "Step, value (null for NaN and the infinities), milliseconds since 1970.", [[1, 0.95, 1764322200000]]
    )


class Metrics(Schema):
    """All histories of a job."""

    series: list[SeriesOut]
    is_final: bool = described("Whether nothing will follow.", True)


def job_out(run: Run) -> JobOut:
    """Return the short form, as in a list, with the main metric."""
    return JobOut(**_facts(run), metrics=_metrics(key_metrics(run)))


def job_detail(run: Run, operation: OperationDetail | None) -> JobDetail:
    """Return the job with all metrics, statuses, log files and versions: four queries."""
    versions = run.model_versions.select_related("registered_model").order_by("pk")
    return JobDetail(
        **_facts(run),
        metrics=_metrics(list(run.metrics.all())),
        parameters=run.parameters,
        status_changes=[StatusChange(status=change.status, at=change.at) for change in run.status_changes.all()],
        log_files=[LogFileOut(name=file.name, size=file.size) for file in run.log_files.all()],
        model_versions=[
            VersionMade(
                id=version.public_id,
                name=version.registered_model.name,
                version=version.version,
                state=version.state,
            )
            for version in versions
        ],
        operation=operation,
    )


def metrics_of(run: Run, lines: list[Series]) -> Metrics:
    """Return the histories."""
    return Metrics(series=[SeriesOut(key=line.key, points=line.points) for line in lines], is_final=run.is_final)


def _facts(run: Run) -> dict[str, Any]:
    return {
        "id": run.public_id,
        "name": run.name,
        "display_name": run.display_name,
        "status": run.status,
        "is_final": run.is_final,
        "experiment": run.experiment,
        "recipe": run.recipe,
        "workspace": run.workspace.public_id,
        "workspace_name": run.workspace.name,
        "compute": run.compute,
        "requested_by": str(run.requested_by or ""),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        # Of a running job it would change with each reading, and no ETag would ever match.
        "duration_seconds": duration_seconds(run) if run.ended_at else None,
        "url": reverse("jobs:detail", args=[run.public_id]),
        "error": problem_with(run),
    }


def _metrics(series: list[MetricSeries]) -> dict[str, MetricOut]:
    return {one.key: MetricOut(value=one.last_value, step=one.last_step, points=one.point_count) for one in series}
