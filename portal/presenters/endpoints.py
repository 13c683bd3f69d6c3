"""Online endpoints and their deployments as pages and JSON clients read them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from ops.messages import explained
from ops.models import Deployment, Endpoint, Operation, ServingState
from portal.responses import error_json

MOVING = {ServingState.CREATING, ServingState.UPDATING, ServingState.DELETING}


def every() -> QuerySet[Endpoint]:
    """The endpoints that exist, with their deployments in ``living``; a deleted one keeps its row as history only."""
    living = Prefetch(
        "deployments",
        Deployment.objects.filter(gone_at=None)
        .select_related("model_version__registered_model", "requested_by")
        .order_by("-traffic", "name"),
        to_attr="living",
    )
    return (
        Endpoint.objects.filter(gone_at=None, workspace__unregistered_at=None)
        .select_related("workspace", "requested_by")
        .prefetch_related(living)
    )


def last_operation(endpoint: Endpoint) -> Operation | None:
    """The open or latest change of the endpoint; fetching its key goes on beside it and is not shown as one."""
    changes = Operation.objects.locking(endpoint.lock_key).select_related("workspace", "requested_by")
    return changes.order_by("-pk").first()


def living(endpoint: Endpoint) -> list[Deployment]:
    """The endpoint's deployments, the one with most traffic first; needs a row read through ``every``."""
    deployments: list[Deployment] = endpoint.living  # type: ignore[attr-defined]
    return deployments


@dataclass(frozen=True)
class Bar:
    """One deployment's part of the split as the page draws it, in percent."""

    name: str
    x: int
    width: int
    tone: int


def bars(deployments: list[Deployment]) -> list[Bar]:
    """Side by side in the order of the cards; two tones take turns."""
    drawn: list[Bar] = []
    for position, deployment in enumerate(deployments):
        begin = drawn[-1].x + drawn[-1].width if drawn else 0
        drawn.append(Bar(deployment.name, begin, deployment.traffic, position % 2 + 1))
    return drawn


def is_moving(endpoint: Endpoint) -> bool:
    """Whether the endpoint or something behind it is on its way to another state."""
    return endpoint.state in MOVING or any(deployment.state in MOVING for deployment in living(endpoint))


def instance_total(endpoint: Endpoint) -> int:
    """How many instances exist, and bill, behind the endpoint."""
    return sum(deployment.instance_count for deployment in living(endpoint))


def outline(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "name": endpoint.name,
        "url": reverse("endpoints:detail", args=[endpoint.public_id]),
        "workspace": endpoint.workspace.name,
        "state": endpoint.state,
        "scoring_uri": endpoint.scoring_uri,
        "error": error_json(explained(endpoint)),
        "instances": instance_total(endpoint),
        "traffic": {deployment.name: deployment.traffic for deployment in living(endpoint)},
    }


def describe(endpoint: Endpoint) -> dict[str, Any]:
    return outline(endpoint) | {"deployments": [_deployment(deployment) for deployment in living(endpoint)]}


def _deployment(deployment: Deployment) -> dict[str, Any]:
    version = deployment.model_version
    return {
        "id": deployment.public_id,
        "name": deployment.name,
        "state": deployment.state,
        "traffic": deployment.traffic,
        "instance_type": deployment.instance_type,
        "instance_count": deployment.instance_count,
        "request_timeout_ms": deployment.request_timeout_ms,
        "model_version": {
            "id": version.public_id,
            "name": version.registered_model.name,
            "version": version.version,
            "url": reverse("models:version", args=[version.public_id]),
        }
        if version
        else None,
        "error": error_json(explained(deployment)),
        "log_text": deployment.log_text,
    }
