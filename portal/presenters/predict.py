"""Endpoints one can ask, and the answers they gave, as pages and JSON clients read them."""

import base64
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from ops.messages import explained
from ops.models import Deployment, Endpoint, Sample
from portal.responses import error_json
from scoring.models import Prediction
from scoring.services.predictions import Outcome

SAMPLES = 3
HISTORY = 8


def askable() -> QuerySet[Endpoint]:
    """The endpoints that have a scoring URL, with their ready deployments in ``ready``, most traffic first."""
    ready = Prefetch(
        "deployments",
        Deployment.objects.filter(gone_at=None, state=Deployment.State.READY)
        .select_related("model_version__registered_model")
        .order_by("-traffic", "pk"),
        to_attr="ready",
    )
    return (
        Endpoint.objects.filter(gone_at=None, workspace__unregistered_at=None)
        .exclude(scoring_uri="")
        .select_related("workspace")
        .prefetch_related(ready)
        .order_by("name", "pk")
    )


def ready(endpoint: Endpoint) -> list[Deployment]:
    """The endpoint's ready deployments; needs a row read through ``askable``."""
    deployments: list[Deployment] = endpoint.ready  # type: ignore[attr-defined]
    return deployments


def samples(endpoint: Endpoint) -> list[Sample]:
    """Held-back images of the version behind the deployment with most traffic, each with another label."""
    chosen = ready(endpoint)[:1]
    if not chosen or chosen[0].model_version is None:
        return []
    by_label = {sample.label: sample for sample in reversed(chosen[0].model_version.samples.all())}
    return list(by_label.values())[::-1]


def history(endpoint: Endpoint) -> QuerySet[Prediction]:
    return Prediction.objects.filter(endpoint=endpoint).select_related("requested_by")[:HISTORY]


def outline(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "name": endpoint.name,
        "url": reverse("predict:show", args=[endpoint.public_id]),
        "workspace": endpoint.workspace.name,
        "deployments": [deployment.name for deployment in ready(endpoint)],
    }


def describe(endpoint: Endpoint) -> dict[str, Any]:
    return outline(endpoint) | {
        "samples": [
            {"id": sample.public_id, "label": sample.label, "url": reverse("models:sample", args=[sample.public_id])}
            for sample in samples(endpoint)
        ]
    }


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    return {
        "id": prediction.public_id,
        "top": prediction.top,
        "latency_ms": prediction.latency_ms,
        "portal_ms": prediction.portal_ms,
        "endpoint": prediction.endpoint.name,
        "deployment": prediction.deployment,
        "request_id": prediction.request_id,
        "raw": prediction.raw,
        "error": error_json(explained(prediction)),
    }


def pictures(outcome: Outcome) -> dict[str, str]:
    """What was uploaded and what the network saw, as data URLs: neither is stored."""
    return {"preview": _data_url(outcome.picture.preview_png), "seen": _data_url(outcome.picture.input_png)}


def curl(endpoint: Endpoint) -> str:
    """A command that asks the endpoint without the portal; the key stays out of it."""
    return (
        f"curl {endpoint.scoring_uri} \\\n"
        '  -H "Authorization: Bearer $ENDPOINT_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        "  --data @request.json"
    )


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
