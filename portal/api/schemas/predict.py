"""Endpoints that can be asked, and their answers."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema

from ops.messages import notes_of
from ops.models import Endpoint, Sample
from portal.api.schemas.common import EXAMPLE_TIME, Note, Problem, described, note_of, problem_with
from portal.api.schemas.models import SampleOut, sample_out
from portal.queries.predict import ready
from scoring.models import Prediction


class AskableOut(Schema):
    """An endpoint that can be asked."""

    id: str = described("Id of the endpoint.", "e9p4u7gh2x")
    name: str = described("Name in Azure.", "digits")
    workspace: str = described("Id of the workspace.", "w8n3c5dk2p")
    workspace_name: str = described("Name of the workspace.", "local")
    deployments: list[str] = described("The deployments that are ready, by name.", ["blue"])
    url: str = described("Its page in the portal.", "/predict/e9p4u7gh2x/")


class PredictionOut(Schema):
    """An answer of an endpoint."""

    id: str = described("Opaque id.", "p5z8a2vc9r")
    endpoint: str = described("Name of the endpoint.", "digits")
    deployment: str = described("The deployment that answered.", "blue")
    file_name: str = described("Name of the file that was sent.", "seven.png")
    top: list[tuple[str, float]] = described("Label and probability, the most probable first.", [["7", 0.998]])
    notes: list[Note] = described(
        "What to know before the answer is believed, such as scoring:image_blank.", [], default=[]
    )
    latency_ms: float | None = described("From sending to the endpoint's answer.", 24.1)
    portal_ms: float | None = described("The portal's own share.", 5.3)
    request_id: str = described("Azure's id of the request, for its log.", "6f1c2a9e")
    raw: str = described("The answer as it came, at most 20,000 characters.", '{"predictions": [[0.001, 0.998]]}')
    requested_by: str = described("The person who asked.", "Bob")
    created_at: datetime = described("When it was asked.", EXAMPLE_TIME)
    error: Problem | None = described("Why there is no answer.", None)


class AskableDetail(AskableOut):
    """An endpoint with inputs to try and its latest answers."""

    samples: list[SampleOut]
    history: list[PredictionOut]


def askable_out(row: Endpoint) -> AskableOut:
    """Return the short form; needs a row read through ``queries.predict.list_askable``."""
    return AskableOut(**_facts(row))


def askable_detail(row: Endpoint, samples: list[Sample], history: list[Prediction]) -> AskableDetail:
    """Return the endpoint with samples and answers."""
    return AskableDetail(
        **_facts(row),
        samples=[sample_out(sample) for sample in samples],
        history=[prediction_out(prediction, row.name) for prediction in history],
    )


def prediction_out(row: Prediction, endpoint: str) -> PredictionOut:
    """Return an answer of the endpoint of that name."""
    return PredictionOut(
        id=row.public_id,
        endpoint=endpoint,
        deployment=row.deployment,
        file_name=row.file_name,
        top=row.top,
        notes=[note_of(explanation) for explanation in notes_of(row)],
        latency_ms=row.latency_ms,
        portal_ms=row.portal_ms,
        request_id=row.request_id,
        raw=row.raw,
        requested_by=str(row.requested_by or ""),
        created_at=row.created_at,
        error=problem_with(row),
    )


def _facts(row: Endpoint) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "workspace": row.workspace.public_id,
        "workspace_name": row.workspace.name,
        "deployments": [deployment.name for deployment in ready(row)],
        "url": reverse("predict:show", args=[row.public_id]),
    }
