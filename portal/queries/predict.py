"""Which endpoints one can ask, their samples, and the latest answers."""

from django.db.models import Prefetch, QuerySet

from ops.models import Deployment, Endpoint, ModelVersion, Sample
from scoring import kinds
from scoring.errors import SpecRefused
from scoring.models import Prediction

# What the lists can be narrowed by: the parameter of the address and its lookup.
FILTERS = {"workspace": "workspace__public_id"}
SEARCHED = ("name",)
HISTORY = 8


def list_askable() -> QuerySet[Endpoint]:
    """Return the endpoints that have a scoring URL, with their ready deployments, by name."""
    askable = Endpoint.objects.filter(gone_at=None, workspace__unregistered_at=None).exclude(scoring_uri="")
    return with_ready(askable).order_by("name", "pk")


def with_ready(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Return the endpoints with their workspace, and their ready deployments in ``ready``, most traffic first."""
    ready = Prefetch(
        "deployments",
        Deployment.objects.filter(gone_at=None, state=Deployment.State.READY)
        .select_related("model_version__registered_model")
        .order_by("-traffic", "pk"),
        to_attr="ready",
    )
    return endpoints.select_related("workspace").prefetch_related(ready)


def ready(endpoint: Endpoint) -> list[Deployment]:
    """Return the endpoint's ready deployments; needs a row read through ``list_askable``."""
    deployments: list[Deployment] = endpoint.ready  # type: ignore[attr-defined]
    return deployments


def version(endpoint: Endpoint, deployment: str = "") -> ModelVersion | None:
    """Return the version whose model.json describes an input: the named deployment's, else the busiest one's."""
    named = [one for one in ready(endpoint) if one.name == deployment] or ready(endpoint)
    return named[0].model_version if named else None


def kind_of(version: ModelVersion | None) -> kinds.Kind:
    """Return the version's kind of prediction; the default where it is not known: whoever sends an input is told."""
    try:
        return kinds.of_spec(version.spec if version else {})
    except SpecRefused:
        return kinds.KINDS[kinds.DEFAULT]


def list_samples(endpoint: Endpoint) -> list[Sample]:
    """Return held-back inputs of the version behind the deployment with most traffic, each with another label."""
    chosen = version(endpoint)
    if chosen is None:
        return []
    by_label = {sample.label: sample for sample in reversed(chosen.samples.all())}
    return list(by_label.values())[::-1]


def list_history(endpoint: Endpoint) -> QuerySet[Prediction]:
    """Return the latest predictions on the endpoint."""
    return Prediction.objects.filter(endpoint=endpoint).select_related("requested_by")[:HISTORY]
