"""What Predict shows of an endpoint and of an answer."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from ops.models import Endpoint, Sample
from portal.queries import predict as queries
from scoring.models import Prediction
from scoring.services.predictions import Outcome

SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was uploaded and what the network saw, as data URLs: neither is stored."""

    preview: str
    seen: str


@dataclass(frozen=True, slots=True)
class PredictPage:
    """One endpoint to ask, the others beside it, a few samples to try, the latest answers."""

    endpoint: Endpoint
    endpoints: Iterable[Endpoint]
    samples: list[Sample]
    history: Iterable[Prediction]
    curl: str
    limit_bytes: int


def page(endpoint: Endpoint, others: Iterable[Endpoint], samples: Iterable[Sample], limit_bytes: int) -> PredictPage:
    """Return what the page shows; an upload may have ``limit_bytes``."""
    return PredictPage(
        endpoint=endpoint,
        endpoints=others,
        samples=list(samples)[:SAMPLES],
        history=queries.list_history(endpoint),
        curl=curl(endpoint),
        limit_bytes=limit_bytes,
    )


def pictures(outcome: Outcome) -> Pictures:
    """Return the image that was sent and what the network saw of it."""
    return Pictures(preview=_data_url(outcome.picture.preview_png), seen=_data_url(outcome.picture.input_png))


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
