"""The facts of Home: key figures, what runs, what failed, what comes next. Reads only; a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import access
from ops.messages import explained
from ops.models import Endpoint, ModelVersion, Operation, Run, ServingState, Workspace
from portal.presenters import onboarding
from scoring.models import Prediction

LOOK_BACK = timedelta(days=7)
LINES = 6
THINGS = ("run", "endpoint", "model_version__registered_model", "workspace")


@dataclass(frozen=True)
class Line:
    """One row of a short list: a thing, its state and when."""

    title: str
    note: str
    url: str
    state: str
    label: str
    at: datetime


@dataclass(frozen=True)
class Sight:
    """What one person sees of the workspaces of their teams, or of the one they chose."""

    workspaces: list[Workspace]
    may_write: bool
    runs: QuerySet[Run]
    versions: QuerySet[ModelVersion]
    endpoints: QuerySet[Endpoint]
    operations: QuerySet[Operation]
    predictions: QuerySet[Prediction]

    @cached_property
    def figures(self) -> dict[str, int]:
        """Counts by name, in one query per noun."""
        since = timezone.now() - LOOK_BACK
        recent = timezone.now() - timedelta(hours=24)
        live = Q(state=ServingState.READY, deployments__gone_at=None, deployments__traffic__gt=0)
        return {
            **self.runs.aggregate(
                jobs=Count("pk"),
                running=Count("pk", Q(is_final=False)),
                failed=Count("pk", Q(status=Run.FAILED, created_at__gte=since)),
                completed=Count("pk", Q(status=Run.COMPLETED)),
            ),
            **self.versions.aggregate(versions=Count("pk"), models=Count("registered_model", distinct=True)),
            **self.endpoints.aggregate(endpoints=Count("pk", distinct=True), live=Count("pk", live, distinct=True)),
            **self.predictions.aggregate(predictions=Count("pk"), today=Count("pk", Q(created_at__gte=recent))),
        }

    @cached_property
    def running(self) -> list[Line]:
        runs = self.runs.filter(is_final=False)[:LINES]
        return _newest([_run(row) for row in runs], [_operation(row) for row in self._open_operations])

    @cached_property
    def failed(self) -> list[Line]:
        """Runs and operations of the last week that ended badly, and workspaces that cannot be reached now."""
        since = timezone.now() - LOOK_BACK
        bad = (Operation.State.FAILED, Operation.State.LOST_TRACK)
        runs = self.runs.filter(status=Run.FAILED, created_at__gte=since)[:LINES]
        operations = self.operations.filter(state__in=bad, created_at__gte=since)[:LINES]
        unreachable = [row for row in self.workspaces if row.state == Workspace.State.FAILED]
        return _newest(map(_run, runs), map(_operation, operations), map(_workspace, unreachable))

    @cached_property
    def latest(self) -> list[Line]:
        """The newest finished operations."""
        return [_operation(row) for row in self.operations.exclude(finished_at=None)[:LINES]]

    @cached_property
    def way(self) -> list[onboarding.Step]:
        """The five steps from nothing to a live prediction."""
        figures = self.figures
        is_ready = any(row.state == Workspace.State.READY for row in self.workspaces)
        done = (is_ready, figures["completed"], figures["versions"], figures["live"], figures["predictions"])
        return onboarding.steps([bool(fact) for fact in done])

    @property
    def next_step(self) -> str:
        """The name of the first step that nobody has taken yet; "" when all are done."""
        return next((step.name for step in self.way if step.is_next), "")

    @cached_property
    def _open_operations(self) -> list[Operation]:
        return list(self.operations.filter(finished_at=None)[:LINES])

    def as_json(self) -> dict[str, Any]:
        return {"figures": self.figures, "next_step": self.next_step, "running": len(self.running)}


def of(request: HttpRequest) -> Sight:
    """What this person sees; ``?workspace=`` narrows it."""
    visible = access.visible(Workspace, request.user).filter(unregistered_at=None)
    if chosen := request.GET.get("workspace"):
        visible = visible.filter(public_id=chosen)
    workspaces = list(visible.select_related("team"))

    def within(rows: QuerySet[Any], path: str = "workspace") -> QuerySet[Any]:
        return rows.filter(**{f"{path}__in": workspaces})

    return Sight(
        workspaces=workspaces,
        may_write=access.may_write_somewhere(request.user),
        runs=within(Run.objects.filter(gone_at=None)),
        versions=within(ModelVersion.objects.filter(state=ModelVersion.State.READY), "registered_model__workspace"),
        endpoints=within(Endpoint.objects.filter(gone_at=None)),
        operations=within(Operation.objects.select_related("requested_by", "workspace")),
        predictions=within(Prediction.objects.filter(error_code=""), "endpoint__workspace"),
    )


def _newest(*groups: Iterable[Line]) -> list[Line]:
    lines = [line for group in groups for line in group]
    return list(islice(sorted(lines, key=lambda line: line.at, reverse=True), LINES))


def _run(row: Run) -> Line:
    note = row.recipe or row.experiment
    return Line(
        str(row), note, reverse("jobs:detail", args=[row.public_id]), row.status, "", row.ended_at or row.created_at
    )


def _operation(row: Operation) -> Line:
    trouble = explained(row)
    return Line(
        title=f"{row.get_kind_display()} · {row.target_name}",
        note=trouble.title if trouble else str(row.requested_by or ""),
        url=reverse("operations:detail", args=[row.public_id]),
        state=row.state,
        label=row.get_state_display(),
        at=row.finished_at or row.created_at,
    )


def _workspace(row: Workspace) -> Line:
    trouble = explained(row)
    return Line(
        title=row.name,
        note=trouble.title if trouble else row.get_cloud_display(),
        url=reverse("workspaces:detail", args=[row.public_id]),
        state=row.state,
        label=row.get_state_display(),
        at=row.checked_at or row.created_at,
    )
