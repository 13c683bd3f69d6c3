"""What pages show of online endpoints and their deployments."""

from dataclasses import dataclass

from django.urls import reverse

from ops.messages import Explanation, explained
from ops.models import Deployment, Endpoint, Operation, ServingState
from portal.presenters import operations
from portal.presenters.operations import Step
from portal.queries import endpoints as queries
from portal.queries.endpoints import living

MOVING = {ServingState.CREATING, ServingState.UPDATING, ServingState.DELETING}


@dataclass(frozen=True, slots=True)
class Bar:
    """One deployment's part of the split as the page draws it, in percent."""

    name: str
    x: int
    width: int
    tone: int


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One row of the list; ``model`` names the version behind the deployment with most traffic."""

    endpoint: Endpoint
    url: str
    workspace: str
    living: list[Deployment]
    model: str
    model_url: str
    instances: int


@dataclass(frozen=True, slots=True)
class DeploymentCard:
    """One deployment on its endpoint's page, with what went wrong."""

    deployment: Deployment
    problem: Explanation | None


@dataclass(frozen=True, slots=True)
class EndpointPage:
    """One endpoint; ``total`` is how many percent of the requests its deployments get together."""

    endpoint: Endpoint
    error: Explanation | None
    living: list[DeploymentCard]
    operation: Operation | None
    operation_error: Explanation | None
    steps: list[Step]
    bars: list[Bar]
    total: int
    is_live: bool
    may_predict: bool
    may_write: bool
    may_change: bool


def row(endpoint: Endpoint) -> EndpointRow:
    """Return what the list shows of the endpoint."""
    deployments = living(endpoint)
    version = deployments[0].model_version if deployments else None
    return EndpointRow(
        endpoint=endpoint,
        url=reverse("endpoints:detail", args=[endpoint.public_id]),
        workspace=endpoint.workspace.name,
        living=deployments,
        model=f"{version.registered_model.name} {version.version}" if version else "",
        model_url=reverse("models:version", args=[version.public_id]) if version else "",
        instances=instance_total(endpoint),
    )


def page(endpoint: Endpoint, may_write: bool) -> EndpointPage:
    """Return what the endpoint's page shows."""
    operation, deployments = queries.last_operation(endpoint), living(endpoint)
    is_busy = bool(operation and not operation.is_final)
    # A failed deployment tells the same on its own card, with the server's log.
    is_told = any(one.error_code for one in deployments)
    return EndpointPage(
        endpoint=endpoint,
        error=explained(endpoint),
        living=[DeploymentCard(one, explained(one)) for one in deployments],
        operation=operation,
        operation_error=explained(operation) if operation and not is_told else None,
        steps=operations.steps(operation) if operation else [],
        bars=bars(deployments),
        total=sum(one.traffic for one in deployments),
        is_live=is_busy,
        may_predict=bool(endpoint.scoring_uri) and any(one.state == ServingState.READY for one in deployments),
        may_write=may_write,
        may_change=may_write and not is_busy,
    )


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
