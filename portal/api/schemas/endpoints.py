"""Online endpoints and their deployments."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema

from ops.models import Deployment, Endpoint, Operation
from ops.services import deployments as rules
from portal.api.schemas.common import EXAMPLE_TIME, Given, Problem, described, problem_with
from portal.api.schemas.models import VersionOut, version_out
from portal.api.schemas.operations import OperationDetail, OperationOut, operation_out
from portal.presenters.endpoints import instance_total
from portal.queries.endpoints import living


class DeploymentIn(Given):
    """A version to deploy."""

    version: str = described("Id of a model version that is ready.", "v4d8s2nw6e", max_length=16)
    endpoint: str = described("Id of an endpoint that exists; or else endpoint_name.", "", "", max_length=16)
    endpoint_name: str = described("Name of a new endpoint.", "digits", "", max_length=32)
    deployment_name: str = described("The next free colour when left out.", "blue", "", max_length=32)
    instance_type: str = described(
        "Azure machine size.", rules.INSTANCE_TYPES[2], rules.INSTANCE_TYPES[2], max_length=60
    )
    instance_count: int = described("How many instances.", 1, 1, ge=1, le=rules.MOST_INSTANCES)
    request_timeout_ms: int = described("Time-out of a request.", 5000, 5000, ge=1, le=rules.MOST_TIMEOUT_MS)


class TrafficIn(Given):
    """How an endpoint's requests are split."""

    split: dict[str, int] = described(
        "Percent by the name of the deployment, together 100; a deployment left out gets 0.", {"blue": 80, "green": 20}
    )


class EndpointOut(Schema):
    """An online endpoint."""

    id: str = described("Opaque id.", "e9p4u7gh2x")
    name: str = described("Name in Azure.", "digits")
    workspace: str = described("Id of the workspace.", "w8n3c5dk2p")
    workspace_name: str = described("Name of the workspace.", "local")
    state: str = described("creating, ready, updating, deleting or failed.", "ready")
    scoring_uri: str = described("Where it answers; empty while it is being made.", "https://digits.example/score")
    instances: int = described("How many instances exist behind it.", 1)
    traffic: dict[str, int] = described("Percent of the requests by deployment.", {"blue": 100})
    created_at: datetime = described("When the portal first saw it.", EXAMPLE_TIME)
    url: str = described("Its page in the portal.", "/endpoints/e9p4u7gh2x/")
    error: Problem | None = described("What is wrong with it.", None)


class DeploymentOut(Schema):
    """A deployment behind an endpoint."""

    id: str = described("Opaque id.", "d3k6w9fa5t")
    name: str = described("Name in Azure.", "blue")
    state: str = described("creating, ready, updating, deleting or failed.", "ready")
    traffic: int = described("Percent of the endpoint's requests.", 100)
    instance_type: str = described("Azure machine size.", "Standard_DS3_v2")
    instance_count: int = described("How many instances.", 1)
    request_timeout_ms: int = described("Time-out of a request.", 5000)
    model_version: VersionOut | None = described("What it serves; null for one made elsewhere.", None)
    log_text: str = described("The end of the server's log, kept when a deployment fails.", "")
    error: Problem | None = described("What is wrong with it.", None)


class DeployAccepted(OperationOut):
    """The operation that deploys, and what it will have made."""

    endpoint: str = described("Id of the endpoint.", "e9p4u7gh2x")
    deployment: str = described("Name of the new deployment.", "blue")


class EndpointDetail(EndpointOut):
    """An endpoint with its deployments."""

    deployments: list[DeploymentOut]
    operation: OperationDetail | None


def endpoint_out(row: Endpoint) -> EndpointOut:
    """Return the short form, as in a list; needs a row read through ``queries.endpoints.list_endpoints``."""
    return EndpointOut(**_facts(row))


def endpoint_detail(row: Endpoint, operation: OperationDetail | None) -> EndpointDetail:
    """Return the endpoint with its deployments."""
    deployments = [_deployment(deployment) for deployment in living(row)]
    return EndpointDetail(**_facts(row), deployments=deployments, operation=operation)


def deploy_accepted(operation: Operation, deployment: Deployment) -> DeployAccepted:
    """Return the operation with the ids that a script goes on with."""
    return DeployAccepted(
        **operation_out(operation).model_dump(), endpoint=deployment.endpoint.public_id, deployment=deployment.name
    )


def _facts(row: Endpoint) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "workspace": row.workspace.public_id,
        "workspace_name": row.workspace.name,
        "state": row.state,
        "scoring_uri": row.scoring_uri,
        "instances": instance_total(row),
        "traffic": {deployment.name: deployment.traffic for deployment in living(row)},
        "created_at": row.created_at,
        "url": reverse("endpoints:detail", args=[row.public_id]),
        "error": problem_with(row),
    }


def _deployment(row: Deployment) -> DeploymentOut:
    return DeploymentOut(
        id=row.public_id,
        name=row.name,
        state=row.state,
        traffic=row.traffic,
        instance_type=row.instance_type,
        instance_count=row.instance_count,
        request_timeout_ms=row.request_timeout_ms,
        model_version=version_out(row.model_version) if row.model_version else None,
        log_text=row.log_text,
        error=problem_with(row),
    )
