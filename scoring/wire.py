"""Request formats: how pixels travel to an endpoint and how its answer is read. A new format is a row in FORMATS.

Opens no connection and knows no pictures other than their pixels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.errors import EndpointAnswer, SpecRefused
from scoring.images import Pixels
from scoring.specs import ImageSpec

Predictions = list[tuple[str, float]]
"""Labels with their probabilities, the most probable first."""


@dataclass(frozen=True, slots=True)
class Format:
    """Both directions of one request format."""

    content_type: str
    encode: Callable[[Pixels], bytes]
    decode: Callable[[bytes, ImageSpec], Predictions]


@dataclass(frozen=True, slots=True)
class Request:
    """A body ready to be posted."""

    body: bytes
    content_type: str


def encode(pixels: Pixels, spec: ImageSpec) -> Request:
    """The request for one picture. Raises SpecRefused("format_unknown", format=…)."""
    chosen = _format(spec)
    return Request(chosen.encode(pixels), chosen.content_type)


def decode(answer: bytes, spec: ImageSpec) -> Predictions:
    """What the endpoint says about one picture. Raises EndpointAnswer("answer_unreadable", reason=…), SpecRefused."""
    return _format(spec).decode(answer, spec)


def _format(spec: ImageSpec) -> Format:
    if spec.format not in FORMATS:
        raise SpecRefused("format_unknown", format=spec.format)
    return FORMATS[spec.format]


def _encode_pixel_lists(pixels: Pixels) -> bytes:
    """{"format": "pixels/v1", "instances": [height x width x channels whole numbers from 0 to 255]}"""
    values, channels, row = list(pixels.data), pixels.channels, pixels.width * pixels.channels
    rows = [
        [values[at : at + channels] for at in range(start, start + row, channels)]
        for start in range(0, row * pixels.height, row)
    ]
    return json.dumps({"format": "pixels/v1", "instances": [rows]}, separators=(",", ":")).encode()


def _decode_pixel_lists(answer: bytes, spec: ImageSpec) -> Predictions:
    """{"predictions": [[probabilities]], "labels": [texts]}

    The answer's own labels win over the spec's: while traffic is split, another version may have answered.
    """
    document = _json(answer)
    if not isinstance(document, dict):
        raise _unreadable("it is not a JSON object")
    rows = document.get("predictions")
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], list):
        raise _unreadable("there is not exactly one list of predictions")
    labels = document.get("labels", spec.labels)
    if not isinstance(labels, list | tuple) or len(labels) != len(rows[0]):
        raise _unreadable("there are not as many labels as predictions")
    return _ranked([str(label) for label in labels], rows[0])


def _json(answer: bytes) -> Any:
    """Scripts written for older servers return a text that is JSON: one more layer is taken off."""
    try:
        document = json.loads(answer)
        return json.loads(document) if isinstance(document, str) else document
    except (ValueError, RecursionError) as error:
        raise _unreadable("it is not JSON") from error


def _ranked(labels: Sequence[str], values: list[Any]) -> Predictions:
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise _unreadable("a prediction is not a number")
        if not -1e-6 <= value <= 1 + 1e-6:
            raise _unreadable("a prediction is not a probability from 0 to 1")
    pairs = [(label, float(value)) for label, value in zip(labels, values, strict=True)]
    return sorted(pairs, key=lambda pair: -pair[1])


def _unreadable(reason: str) -> EndpointAnswer:
    return EndpointAnswer("answer_unreadable", reason=reason)


FORMATS: dict[str, Format] = {
    "pixels/v1": Format("application/json", _encode_pixel_lists, _decode_pixel_lists),
}
