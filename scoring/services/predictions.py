"""Sends one input to an endpoint and keeps what came back. Fetches no keys: a worker does."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import User
from ops import vault
from ops.errors import Refused
from ops.models import Deployment, Endpoint, ServingState
from ops.services import endpoints
from scoring import kinds
from scoring.client import Answer, Client
from scoring.errors import EndpointAnswer, ScoringError
from scoring.models import Prediction

TOP = 10


@dataclass(frozen=True)
class Outcome:
    """The kept row and, for this answer only, what the kind's template shows besides: that is not stored."""

    prediction: Prediction
    details: dict[str, Any]


def create(*, endpoint: Endpoint, by: User, data: bytes, file_name: str = "", deployment: str = "") -> Outcome:
    """The endpoint's answer to one input, kept as a row. ``deployment`` goes around the traffic split.

    Raises Refused when the endpoint cannot be asked (yet), InputRefused (nothing was sent or kept), SpecRefused, and
    EndpointAnswer, which is kept as a row with its code.
    """
    started_at = time.perf_counter()
    key = _key(endpoint)
    document = _deployment(endpoint, deployment).model_version.spec  # type: ignore[union-attr]
    kind = kinds.of_spec(document)
    spec = kind.read_spec(document)
    given = kind.prepare_input(data, spec, _limits())
    request = kind.encode_request(given, spec)
    prediction = Prediction(endpoint=endpoint, requested_by=by, file_name=file_name[:255], deployment=deployment)
    try:
        answer = _client().post(
            endpoint.scoring_uri,
            key,
            request.body,
            request.content_type,
            request_id=prediction.public_id,
            deployment=deployment,
        )
        shown = kind.present_answer(kind.decode_answer(answer.body, spec), given)
        _fill(prediction, answer, shown)
    except EndpointAnswer as error:
        _keep_failure(prediction, error)
        if error.code == "key_refused":
            endpoints.renew_key(endpoint)
        raise
    prediction.portal_ms = (time.perf_counter() - started_at) * 1000 - (prediction.latency_ms or 0)
    prediction.save()
    return Outcome(prediction, shown.details)


def _limits() -> kinds.Limits:
    return kinds.Limits(
        bytes=settings.UPLOAD_IMAGE_BYTES,
        pixels=settings.UPLOAD_IMAGE_PIXELS,
        waiting=max(1, settings.WEB_THREADS // 4),
    )


def _key(endpoint: Endpoint) -> str:
    """The scoring key. A missing one is asked for, and the person told to come back."""
    if endpoint.gone_at or not endpoint.scoring_uri:
        raise Refused("predict:endpoint_not_ready", name=endpoint.name)
    if not endpoint.key_encrypted:
        endpoints.renew_key(endpoint)
        raise Refused("predict:key_missing", name=endpoint.name)
    return vault.decrypt(endpoint.key_encrypted)


def _deployment(endpoint: Endpoint, name: str) -> Deployment:
    """Whose model.json says what an input must become: the named deployment, else the one with most traffic."""
    ready = endpoint.deployments.filter(gone_at=None, state=ServingState.READY).select_related("model_version")
    chosen = ready.filter(name=name).first() if name else ready.order_by("-traffic", "pk").first()
    if chosen is None:
        raise Refused("predict:no_deployment", name=endpoint.name)
    if chosen.model_version is None or not chosen.model_version.spec:
        raise Refused("predict:no_spec", name=chosen.name)
    return chosen


def _fill(prediction: Prediction, answer: Answer, shown: kinds.Presentation) -> None:
    prediction.top = [[label, probability] for label, probability in shown.top[:TOP]]
    prediction.notes = [[code, params] for code, params in shown.notes]
    prediction.raw = answer.body.decode("utf-8", "replace")[:20_000]
    prediction.latency_ms = answer.latency_ms
    prediction.request_id = answer.request_id[:80]
    prediction.deployment = answer.deployment[:32] or prediction.deployment


def _keep_failure(prediction: Prediction, error: ScoringError) -> None:
    prediction.error_code = f"scoring:{error.code}"
    prediction.error_params = error.params
    prediction.save()


@lru_cache(maxsize=1)
def _client() -> Client:
    """One pool a process. At most a quarter of the server's threads wait for endpoints at once."""
    return Client(
        ca_file=Path(settings.CA_BUNDLE) if settings.CA_BUNDLE else None,
        deadline_seconds=settings.SCORING_DEADLINE_SECONDS,
        max_waiting=max(1, settings.WEB_THREADS // 4),
    )
