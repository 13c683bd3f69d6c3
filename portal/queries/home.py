"""What Home counts and lists of some workspaces: a fixed number of queries, at a cost that their rows do not raise."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils import timezone

from ops.models import Deployment, Endpoint, ModelVersion, Operation, RegisteredModel, Run, ServingState, Workspace
from portal import keyset
from portal.keyset import Parts
from scoring.models import Prediction

Row = TypeVar("Row", bound=Model)
LOOK_BACK = timedelta(days=7)
DAY = timedelta(hours=24)
BAD = (Operation.State.FAILED, Operation.State.LOST_TRACK)
# A figure is exact up to here, and this plus one for all that is above.
COUNTED = 1000
NEWEST_FIRST = ("-created_at", "-pk")
SHOWN_OF_RUN = ("public_id", "name", "display_name", "experiment", "spec", "status", "created_at", "ended_at")
SHOWN_OF_OPERATION = (
    "public_id",
    "kind",
    "state",
    "target_name",
    "error_code",
    "error_params",
    "created_at",
    "finished_at",
    "requested_by__username",
    "requested_by__first_name",
    "requested_by__last_name",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts for the cards of Home, each at most COUNTED + 1; ``failed`` looks back a week, ``today`` 24 hours."""

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
    """Return the figures of these workspaces: one query."""
    if not workspaces:
        return Figures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ids = [workspace.pk for workspace in workspaces]
    own, of_model = Parts("workspace_id", ids), Parts("registered_model__workspace_id", ids)
    ready = ModelVersion.objects.filter(state=ModelVersion.State.READY)
    with_ready = RegisteredModel.objects.filter(Exists(ready.filter(registered_model=OuterRef("pk"))))
    serving = Deployment.objects.filter(endpoint=OuterRef("pk"), gone_at=None, traffic__gt=0)
    endpoints, answered = Endpoint.objects.filter(gone_at=None), answered_predictions(own)
    lists: dict[str, QuerySet[Any]] = {
        "jobs": own.of(jobs()),
        "running": own.of(running_jobs()),
        "failed": own.of(failed_jobs()),
        "completed": own.of(jobs().filter(status=Run.COMPLETED)),
        "versions": of_model.of(ready),
        "models": own.of(with_ready),
        "endpoints": own.of(endpoints),
        "live": own.of(endpoints.filter(Exists(serving), state=ServingState.READY)),
        "predictions": answered,
        "today": answered.filter(created_at__gte=timezone.now() - DAY),
    }
    counts = keyset.count_each_up_to(list(lists.values()), COUNTED)
    return Figures(**dict(zip(lists, counts, strict=True)))


def list_newest(rows: QuerySet[Row], workspaces: list[Workspace], most: int) -> list[Row]:
    """Return the newest of these rows in the workspaces: one query, sought in the index of each workspace."""
    parts = Parts("workspace_id", [workspace.pk for workspace in workspaces])
    return keyset.slice_of_parts(rows, parts, NEWEST_FIRST, "", most, _shown).rows


def jobs() -> QuerySet[Run]:
    """Return the runs that Azure still has."""
    return Run.objects.filter(gone_at=None)


def running_jobs() -> QuerySet[Run]:
    """Return the runs that have not ended."""
    return jobs().filter(is_final=False)


def failed_jobs() -> QuerySet[Run]:
    """Return the runs of the last week that failed."""
    return jobs().filter(status=Run.FAILED, created_at__gte=timezone.now() - LOOK_BACK)


def open_operations() -> QuerySet[Operation]:
    """Return the operations that have not ended."""
    return Operation.objects.open()


def failed_operations() -> QuerySet[Operation]:
    """Return the operations of the last week that ended badly."""
    return Operation.objects.filter(state__in=BAD, created_at__gte=timezone.now() - LOOK_BACK)


def finished_operations() -> QuerySet[Operation]:
    """Return the operations that have ended."""
    return Operation.objects.exclude(finished_at=None)


def answered_predictions(endpoints: Parts) -> QuerySet[Prediction]:
    """Return the predictions that were answered; EXISTS, because the endpoints may be many and the predictions few."""
    mine = endpoints.of(Endpoint.objects.filter(pk=OuterRef("endpoint")))
    return Prediction.objects.filter(Exists(mine), error_code="").order_by()


def _shown(rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows with no more than what a line of Home says."""
    return (
        rows.only(*SHOWN_OF_RUN) if rows.model is Run else rows.select_related("requested_by").only(*SHOWN_OF_OPERATION)
    )
