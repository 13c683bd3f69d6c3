"""What Home counts and lists of some workspaces; a fixed number of queries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ops.models import Endpoint, ModelVersion, Operation, Run, ServingState, Workspace
from portal.queries import operations
from scoring.models import Prediction

LOOK_BACK = timedelta(days=7)
DAY = timedelta(hours=24)
BAD = (Operation.State.FAILED, Operation.State.LOST_TRACK)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts for the cards of Home; ``failed`` looks back a week, ``today`` 24 hours."""

    jobs: int
    running: int
    failed: int
    completed: int
    versions: int
    models: int
    endpoints: int
    live: int
    predictions: int
    today: int


def count(workspaces: list[Workspace]) -> Figures:
    """Return the figures of these workspaces, in one query per noun."""
    runs = list_runs(workspaces).aggregate(
        jobs=Count("pk"),
        running=Count("pk", Q(is_final=False)),
        failed=Count("pk", Q(status=Run.FAILED, created_at__gte=timezone.now() - LOOK_BACK)),
        completed=Count("pk", Q(status=Run.COMPLETED)),
    )
    ready = ModelVersion.objects.filter(state=ModelVersion.State.READY)
    versions = _within(ready, workspaces, "registered_model__workspace").aggregate(
        versions=Count("pk"), models=Count("registered_model", distinct=True)
    )
    is_live = Q(state=ServingState.READY, deployments__gone_at=None, deployments__traffic__gt=0)
    endpoints = _within(Endpoint.objects.filter(gone_at=None), workspaces).aggregate(
        endpoints=Count("pk", distinct=True), live=Count("pk", is_live, distinct=True)
    )
    answered = _within(Prediction.objects.filter(error_code=""), workspaces, "endpoint__workspace")
    predictions = answered.aggregate(
        predictions=Count("pk"), today=Count("pk", Q(created_at__gte=timezone.now() - DAY))
    )
    return Figures(**runs, **versions, **endpoints, **predictions)


def list_runs(workspaces: list[Workspace]) -> QuerySet[Run]:
    """Return the runs that Azure still has."""
    return _within(Run.objects.filter(gone_at=None), workspaces)


def list_running_jobs(workspaces: list[Workspace]) -> QuerySet[Run]:
    """Return the runs that have not ended."""
    return list_runs(workspaces).filter(is_final=False)


def list_failed_jobs(workspaces: list[Workspace]) -> QuerySet[Run]:
    """Return the runs of the last week that failed."""
    return list_runs(workspaces).filter(status=Run.FAILED, created_at__gte=timezone.now() - LOOK_BACK)


def list_open_operations(workspaces: list[Workspace]) -> QuerySet[Operation]:
    """Return the operations that have not ended."""
    return _within(operations.list_operations(), workspaces).filter(finished_at=None)


def list_failed_operations(workspaces: list[Workspace]) -> QuerySet[Operation]:
    """Return the operations of the last week that ended badly."""
    found = _within(operations.list_operations(), workspaces)
    return found.filter(state__in=BAD, created_at__gte=timezone.now() - LOOK_BACK)


def list_finished_operations(workspaces: list[Workspace]) -> QuerySet[Operation]:
    """Return the operations that have ended, newest first."""
    return _within(operations.list_operations(), workspaces).exclude(finished_at=None)


def _within(rows: QuerySet[Any], workspaces: list[Workspace], path: str = "workspace") -> QuerySet[Any]:
    return rows.filter(**{f"{path}__in": workspaces})
