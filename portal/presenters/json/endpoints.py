"""The JSON forms of online endpoints and their deployments."""

from typing import Any

from django.urls import reverse

from ops.messages import explained
from ops.models import Deployment, Endpoint, Operation
from portal.presenters.endpoints import instance_total
from portal.presenters.json import operations
from portal.presenters.json.errors import error
from portal.queries.endpoints import living


def page(endpoint: Endpoint, operation: Operation | None) -> dict[str, Any]:
    return {"endpoint": detail(endpoint), "operation": operations.detail(operation)}


def summary(endpoint: Endpoint) -> dict[str, Any]:
    """Return the short form, as in a list."""
    return {
        "id": endpoint.public_id,
        "name": endpoint.name,
        "url": reverse("endpoints:detail", args=[endpoint.public_id]),
        "workspace": endpoint.workspace.name,
        "state": endpoint.state,
        "scoring_uri": endpoint.scoring_uri,
        "error": error(explained(endpoint)),
        "instances": instance_total(endpoint),
        "traffic": {deployment.name: deployment.traffic for deployment in living(endpoint)},
    }


def detail(endpoint: Endpoint) -> dict[str, Any]:
    """Return the short form with the deployments."""
    return summary(endpoint) | {"deployments": [_deployment(deployment) for deployment in living(endpoint)]}


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
        "error": error(explained(deployment)),
        "log_text": deployment.log_text,
    }
