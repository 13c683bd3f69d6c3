"""What a deployed image network expects, as its model.json says. Reads no file and no picture."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Literal, cast

from scoring.errors import SpecRefused

MAX_SIDE = 4096
MAX_LABELS = 100_000


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The picture a network takes and the words for its answers.

    The sender sends pixels from 0 to 255; the scoring script gives the network `pixel * scale + offset`.
    `inverted`: the network learnt light ink on a dark ground (MNIST).
    `fit`: how a picture of another size becomes `width` x `height`. "crop" keeps as much of the middle as the
    proportions allow; "ink" first cuts out what is drawn on a plain ground, and clears the ground.
    """

    format: str
    width: int
    height: int
    channels: int
    color: Literal["grayscale", "rgb"]
    scale: float
    offset: float
    inverted: bool
    fit: Literal["crop", "ink"]
    labels: tuple[str, ...]
    file: str


def parse(text: str | bytes) -> ImageSpec:
    """An ImageSpec from the text of a model.json. Raises SpecRefused("spec_unreadable", reason=…)."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SpecRefused("spec_unreadable", reason="it is not JSON") from error
    if not isinstance(document, dict):
        raise SpecRefused("spec_unreadable", reason="it is not a JSON object")
    return from_document(document)


def from_document(document: dict[str, Any]) -> ImageSpec:
    """An ImageSpec from a model.json that is parsed already, such as one kept in a database. Raises SpecRefused."""
    color = _one_of(
        document, "color", "grayscale", "rgb", default="rgb" if document.get("channels") == 3 else "grayscale"
    )
    return ImageSpec(
        format=_text(document, "format"),
        width=_side(document, "width"),
        height=_side(document, "height"),
        channels=_channels(document, color),
        color=cast(Literal["grayscale", "rgb"], color),
        scale=_number(document, "scale", 1.0),
        offset=_number(document, "offset", 0.0),
        inverted=_truth(document, "inverted"),
        fit=cast(Literal["crop", "ink"], _one_of(document, "fit", "crop", "ink", default="crop")),
        labels=_labels(document),
        file=_text(document, "file"),
    )


def _refuse(reason: str) -> SpecRefused:
    return SpecRefused("spec_unreadable", reason=reason)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise _refuse(f"{name} must be a text")
    return value


def _side(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_SIDE:
        raise _refuse(f"{name} must be a whole number from 1 to {MAX_SIDE}")
    return value


def _channels(document: dict[str, Any], color: str) -> int:
    wanted = 3 if color == "rgb" else 1
    if document.get("channels", wanted) != wanted:
        raise _refuse(f"channels must be {wanted} when color is {color}")
    return wanted


def _one_of(document: dict[str, Any], name: str, *words: str, default: str) -> str:
    value = document.get(name, default)
    if value not in words:
        raise _refuse(f"{name} must be one of: {', '.join(words)}")
    return str(value)


def _number(document: dict[str, Any], name: str, default: float) -> float:
    value = document.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _refuse(f"{name} must be a number")
    return float(value)


def _truth(document: dict[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise _refuse(f"{name} must be true or false")
    return value


def _labels(document: dict[str, Any]) -> tuple[str, ...]:
    value = document.get("labels")
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LABELS:
        raise _refuse(f"labels must be a list of 1 to {MAX_LABELS} texts")
    return tuple(str(label) for label in value)
