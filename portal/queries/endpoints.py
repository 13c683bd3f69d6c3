"""Which online endpoints and deployments a page reads."""

from django.db.models import Prefetch, QuerySet

from ops.models import Deployment, Endpoint, Operation

# What the lists can be narrowed by: the parameter of the address and its lookup.
FILTERS = {"workspace": "workspace__public_id", "state": "state"}
SEARCHED = ("name",)
LISTED = ("public_id", "name", "state", "is_ours", "created_at", "workspace__name")
LISTED_OF_DEPLOYMENTS = (
    "endpoint",
    "name",
    "state",
    "traffic",
    "instance_count",
    "model_version__public_id",
    "model_version__version",
    "model_version__registered_model__name",
)


def list_endpoints() -> QuerySet[Endpoint]:
    """Return the endpoints that exist, with their deployments in ``living``; a deleted one is history only."""
    return with_deployments(Endpoint.objects.filter(gone_at=None, workspace__unregistered_at=None))


def with_deployments(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Return the endpoints with all that a page names, their deployments in ``living``."""
    living = Prefetch(
        "deployments",
        Deployment.objects.filter(gone_at=None)
        .select_related("model_version__registered_model", "requested_by")
        .order_by("-traffic", "name"),
        to_attr="living",
    )
    return endpoints.select_related("workspace", "requested_by").prefetch_related(living)


def complete_for_list(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """Return the endpoints with what a list names of each and of its deployments, which are in ``living``."""
    deployments = (
        Deployment.objects.filter(gone_at=None)
        .select_related("model_version__registered_model")
        .only(*LISTED_OF_DEPLOYMENTS)
        .order_by("-traffic", "name")
    )
    rows = endpoints.select_related("workspace").only(*LISTED)
    return rows.prefetch_related(Prefetch("deployments", deployments, to_attr="living"))


def living(endpoint: Endpoint) -> list[Deployment]:
    """Return the deployments, the one with most traffic first; needs a row read through ``list_endpoints``."""
    deployments: list[Deployment] = endpoint.living  # type: ignore[attr-defined]
    return deployments


def list_deployments(endpoint_id: str) -> QuerySet[Deployment]:
    """Return the deployments behind the endpoint of that public id."""
    endpoints = list_endpoints().filter(public_id=endpoint_id)
    return Deployment.objects.filter(gone_at=None, endpoint__in=endpoints).select_related("endpoint__workspace")


def last_operation(endpoint: Endpoint) -> Operation | None:
    """Return the open or latest change of the endpoint; fetching its key goes on beside it and is not shown as one."""
    changes = Operation.objects.locking(endpoint.lock_key).select_related("workspace", "requested_by")
    return changes.order_by("-pk").first()
