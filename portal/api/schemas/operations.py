"""Operations: what was asked for, how far it is, and what it is about."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema

from ops.models import Operation
from portal.api.schemas.common import EXAMPLE_TIME, Problem, described, problem_with
from portal.presenters import operations as presenters
from portal.presenters.targets import target_of


class TargetOut(Schema):
    """The thing that an operation works on."""

    type: str = described("The noun: workspace, run, model_version, deployment, endpoint …", "run")
    id: str = described("Its id in the API; empty when it is no longer there.", "k3x9m2ab7q")
    name: str = described("Its name when the operation was opened.", "mnist-keras-k3x9m2ab7q")
    url: str = described("Its page in the portal; empty when it has none.", "/jobs/k3x9m2ab7q/")


class StepOut(Schema):
    """One step of an operation."""

    name: str = described("Stable name.", "submit")
    label: str = described("Name for a person.", "Send the job to Azure ML")
    state: str = described("done, now, todo, failed or stopped.", "done")
    started_at: datetime | None = described("When it began.", EXAMPLE_TIME)
    ended_at: datetime | None = described("When it ended.", EXAMPLE_TIME)
    note: str = described("What it waits for.", "")


class OperationOut(Schema):
    """One request that workers carry out step by step. Poll it until ``is_final``."""

    id: str = described("Opaque id.", "q7m2k9xa3b")
    kind: str = described("submit_run, register_version, deploy …", "submit_run")
    label: str = described("The kind for a person.", "Submit job")
    state: str = described("queued, running, succeeded, failed, cancelled or lost_track.", "running")
    is_final: bool = described("Whether it has ended.", False)
    step: str = described("Name of the step it has come to.", "submit")
    workspace: str = described("Name of the workspace; empty for what has none.", "local")
    requested_by: str = described("The person who asked.", "Alice")
    created_at: datetime = described("When it was asked for.", EXAMPLE_TIME)
    started_at: datetime | None = described("When a worker began.", EXAMPLE_TIME)
    finished_at: datetime | None = described("When it ended.", None)
    url: str = described("Its page in the portal.", "/operations/q7m2k9xa3b/")
    target: TargetOut
    error: Problem | None = described("Why it failed.", None)


class OperationDetail(OperationOut):
    """An operation with its steps."""

    steps: list[StepOut]


def operation_out(row: Operation) -> OperationOut:
    """Return the short form, as in a list."""
    return OperationOut(**_facts(row))


def operation_detail(row: Operation) -> OperationDetail:
    """Return the operation with its steps: one query."""
    steps = [StepOut.from_orm(step) for step in presenters.steps(row)]
    return OperationDetail(**_facts(row), steps=steps)


def _facts(row: Operation) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "kind": row.kind,
        "label": row.get_kind_display(),
        "state": row.state,
        "is_final": row.is_final,
        "step": row.step,
        "workspace": row.workspace.name if row.workspace else "",
        "requested_by": str(row.requested_by or ""),
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "url": reverse("operations:detail", args=[row.public_id]),
        "target": _target(row),
        "error": problem_with(row),
    }


def _target(row: Operation) -> TargetOut:
    return TargetOut(
        type=row.target_type,
        id=str(getattr(row.target, "public_id", "")),
        name=row.target_name,
        url=target_of(row).url,
    )
