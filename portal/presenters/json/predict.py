"""The JSON forms of endpoints one can ask and of their answers."""

from typing import Any

from django.urls import reverse

from ops.messages import explained
from ops.models import Endpoint
from portal.presenters.json.errors import error
from portal.queries.predict import list_samples, ready
from scoring.models import Prediction


def summary(endpoint: Endpoint) -> dict[str, Any]:
    """Return the short form, as in a list."""
    return {
        "id": endpoint.public_id,
        "name": endpoint.name,
        "url": reverse("predict:show", args=[endpoint.public_id]),
        "workspace": endpoint.workspace.name,
        "deployments": [deployment.name for deployment in ready(endpoint)],
    }


def detail(endpoint: Endpoint) -> dict[str, Any]:
    """Return the short form with the samples."""
    return summary(endpoint) | {
        "samples": [
            {"id": sample.public_id, "label": sample.label, "url": reverse("models:sample", args=[sample.public_id])}
            for sample in list_samples(endpoint)
        ]
    }


def prediction(given: Prediction) -> dict[str, Any]:
    return {
        "id": given.public_id,
        "top": given.top,
        "latency_ms": given.latency_ms,
        "portal_ms": given.portal_ms,
        "endpoint": given.endpoint.name,
        "deployment": given.deployment,
        "request_id": given.request_id,
        "raw": given.raw,
        "error": error(explained(given)),
    }
