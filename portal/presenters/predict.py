"""What Predict shows of an endpoint and of an answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from ops.models import Endpoint, ModelVersion, Sample
from portal.queries import predict as queries
from scoring.models import Prediction

SAMPLES = 3


@dataclass(frozen=True, slots=True)
class PredictPage:
    """One endpoint to ask, the others beside it, a few samples to try, the latest answers.

    ``version`` is the one whose kind of prediction draws the input and the answer.
    """

    endpoint: Endpoint
    version: ModelVersion | None
    endpoints: Iterable[Endpoint]
    samples: list[Sample]
    history: Iterable[Prediction]
    curl: str
    limit_bytes: int


def page(
    endpoint: Endpoint,
    others: Iterable[Endpoint],
    samples: Iterable[Sample],
    limit_bytes: int,
    deployment: str = "",
) -> PredictPage:
    """Return what the page shows; an input may have ``limit_bytes``. ``deployment`` is the one asked for by name."""
    return PredictPage(
        endpoint=endpoint,
        version=queries.version(endpoint, deployment),
        endpoints=others,
        samples=list(samples)[:SAMPLES],
        history=queries.list_history(endpoint),
        curl=curl(endpoint),
        limit_bytes=limit_bytes,
    )


def curl(endpoint: Endpoint) -> str:
    """A command that asks the endpoint without the portal; the key stays out of it."""
    return (
        f"curl {endpoint.scoring_uri} \\\n"
        '  -H "Authorization: Bearer $ENDPOINT_KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        "  --data @request.json"
    )
