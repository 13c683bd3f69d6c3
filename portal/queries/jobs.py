"""Which training runs (jobs, in Azure's word) a page reads, and what was made from them."""

from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery

from ops.models import Deployment, MetricSeries, ModelVersion, Operation, Run
from portal.queries import operations

# What the lists can be narrowed by: the parameter of the address and its lookup.
FILTERS = {
    "workspace": "workspace__public_id",
    "status": "status",
    "experiment": "experiment",
    "recipe": "spec__source__name",
}
SEARCHED = ("searched__contains",)
LISTED = (
    "public_id",
    "name",
    "display_name",
    "experiment",
    "status",
    "is_final",
    "main_metric",
    "compute",
    "created_at",
    "started_at",
    "ended_at",
    "workspace__name",
    "requested_by__username",
    "requested_by__first_name",
    "requested_by__last_name",
)
# What is done with a run itself; the making of a version is the version's.
OWN_KINDS = (Operation.Kind.SUBMIT_RUN, Operation.Kind.CANCEL_RUN)


def list_runs() -> QuerySet[Run]:
    """Return the runs with all that a page names; one that Azure has deleted stays as history."""
    return Run.objects.filter(workspace__unregistered_at=None).select_related("workspace", "requested_by", "retry_of")


def list_runs_of_purpose(purpose: str) -> QuerySet[Run]:
    """Return the runs of one purpose; trainings unless another one is asked for: they are what people look for."""
    asked = purpose if purpose in Run.Purpose.values else Run.Purpose.TRAINING
    return list_runs().filter(purpose=asked)


def complete_for_list(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return the runs with what a list names of each: workspace, person, and the key metric as ``key_value``."""
    main = MetricSeries.objects.filter(run=OuterRef("pk"), key=OuterRef("main_metric"))
    rows = runs.select_related("workspace", "requested_by").annotate(key_value=Subquery(main.values("last_value")[:1]))
    return rows.only(*LISTED)


def with_key_metrics(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return the runs, each with its key metrics for ``key_metrics``: one more query for the page."""
    main = MetricSeries.objects.filter(key=F("run__main_metric"))
    metrics = Prefetch("metrics", main, to_attr="key_metrics")
    return runs.prefetch_related(metrics)


def key_metrics(run: Run) -> list[MetricSeries]:
    """Return the run's key metrics; none for a row that was not read through ``with_key_metrics``."""
    metrics: list[MetricSeries] = getattr(run, "key_metrics", [])
    return metrics


def key_value(run: Run) -> float | None:
    """Return the last value of the run's main metric; None for a row not read through ``complete_for_list``."""
    value: float | None = getattr(run, "key_value", None)
    return value


def last_operation(run: Run) -> Operation | None:
    """Return what is or was last done with the run: sent, cancelled."""
    return operations.list_operations_on(run).filter(kind__in=OWN_KINDS).first()


def list_versions_made(run: Run) -> list[ModelVersion]:
    """Return the versions made from the run, each with its deployments in ``serving``: two queries."""
    serving = Prefetch(
        "deployments", Deployment.objects.filter(gone_at=None).select_related("endpoint"), to_attr="serving"
    )
    versions = run.model_versions.filter(gone_at=None).select_related("registered_model").prefetch_related(serving)
    return list(versions.order_by("pk"))


def is_registering(run: Run) -> bool:
    """Whether a version is being made from the run right now."""
    registering = run.model_versions.filter(state=ModelVersion.State.REGISTERING)
    return Operation.objects.open().about(*registering).exists()
