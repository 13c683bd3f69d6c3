"""The kind "images": one picture goes in, labels with their probabilities come out."""

from __future__ import annotations

import base64
from typing import Any

from scoring import images, specs, wire
from scoring.decoder_pool import POOL
from scoring.kinds.contract import Limits, Note, Presentation, Text
from scoring.kinds.contract import gettext_noop as _

NAME = "images"
FIELD = "image"
ACCEPT = "image/*,.heic,.heif"
MISSING = "image_missing"

NOTES = ("image_blank", "image_stretched")
"""The codes that are told with an answer."""

TEXTS: dict[str, Text] = {
    "image_missing": (_("No image"), _("No image was sent."), _("Choose, drop or paste one.")),
    "image_empty": (_("Empty file"), _("The file is empty."), _("Choose another image.")),
    "image_too_large": (
        _("Too large"),
        _("The file is larger than the limit of {limit_size}."),
        _("Make it smaller and try again."),
    ),
    "image_not_an_image": (
        _("Not an image"),
        _("The file is not an image that can be read here."),
        _("PNG, JPEG, WebP, GIF, BMP, TIFF and HEIC work."),
    ),
    "image_too_many_pixels": (
        _("Too many pixels"),
        _("The image has more than the limit of {limit} pixels."),
        _("Make it smaller and try again."),
    ),
    "image_truncated": (
        _("Damaged image"),
        _("The image is damaged or cut off."),
        _("Save or send it again."),
    ),
    "image_too_narrow": (
        _("Too narrow"),
        _("The image has {width} × {height} pixels: one side is more than {limit} times as long as the other."),
        _("Cut it to what matters and try again."),
    ),
    "image_too_many_scans": (
        _("Too many scans"),
        _("The JPEG stores the picture in {scans} scans; at most {limit} are read."),
        _("Save it again as an ordinary JPEG or PNG."),
    ),
    "image_too_many_frames": (
        _("Too many frames"),
        _("The file is an animation of {frames} frames; at most {limit} are read."),
        _("Send one frame as a picture."),
    ),
    "image_too_costly": (
        _("Too costly to unpack"),
        _("Unpacking the image would take far more memory or time than a file of its size should."),
        _("Make it smaller, or save it as JPEG, and try again."),
    ),
    "image_blank": (
        _("The picture is blank"),
        _("The picture is blank: it has one colour only, or nearly. An answer to it means nothing."),
        _("Check that the file shows what you meant to send."),
    ),
    "image_stretched": (
        _("Brightness stretched"),
        _("The file uses only a part of its range: its values {lowest} to {highest} now go from black to white."),
        "",
    ),
}


def read_spec(document: dict[str, Any]) -> specs.ImageSpec:
    """The picture a network takes and its labels, from a parsed model.json. Raises SpecRefused."""
    return specs.from_document(document)


def prepare_input(data: bytes, spec: specs.ImageSpec, limits: Limits) -> images.Picture:
    """The pixels for the network, and two pictures to show, from an image file, decoded in a process of its own.

    Raises ImageRefused, and EndpointAnswer("busy") when too many pictures are being decoded.
    """
    return POOL.prepare(data, spec, max_bytes=limits.bytes, max_pixels=limits.pixels, max_waiting=limits.waiting)


def encode_request(given: images.Picture, spec: specs.ImageSpec) -> wire.Request:
    """The pixels in the request format that the spec names. Raises SpecRefused("format_unknown", format=…)."""
    return wire.encode(given.pixels, spec)


def decode_answer(body: bytes, spec: specs.ImageSpec) -> wire.Predictions:
    """Labels with their probabilities, the most probable first. Raises EndpointAnswer, SpecRefused."""
    return wire.decode(body, spec)


def present_answer(answer: wire.Predictions, given: images.Picture) -> Presentation:
    """The ranking; as details, what was uploaded and what the network saw, as data URLs: neither is kept."""
    return Presentation(
        top=[(label, probability) for label, probability in answer],
        details={
            "preview": _data_url(given.preview_png),
            "seen": _data_url(given.input_png),
            "was_inverted": given.was_inverted,
        },
        notes=_notes(given),
    )


def _notes(given: images.Picture) -> list[Note]:
    notes: list[Note] = [("image_blank", {})] if given.is_blank else []
    if given.stretched:
        lowest, highest = given.stretched
        notes.append(("image_stretched", {"lowest": round(lowest, 3), "highest": round(highest, 3)}))
    return notes


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
