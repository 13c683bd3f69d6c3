"""An uploaded file becomes the exact pixels a network takes, and two PNGs to show. Sends nothing, stores nothing."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from scoring import backgrounds, decoding, depths
from scoring.budgets import MAX_BYTES, MAX_PIXELS, ImageRefused
from scoring.decoding import PREVIEW_SIDE
from scoring.specs import ImageSpec

__all__ = ["MAX_BYTES", "MAX_PIXELS", "PREVIEW_SIDE", "ImageRefused", "Picture", "Pixels", "fit", "prepare"]


@dataclass(frozen=True, slots=True)
class Pixels:
    """`height` rows of `width` pixels with `channels` unsigned bytes each, row by row without gaps."""

    width: int
    height: int
    channels: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """An upload, ready to be sent. `input_png` shows `pixels`, `preview_png` the upload itself; both stand upright.

    `is_blank`: there is nothing on it, so an answer means nothing. `stretched`: the values of a file of more than
    8 bits that became black and white, where people should be told.
    """

    pixels: Pixels
    preview_png: bytes
    input_png: bytes
    was_inverted: bool
    is_blank: bool = False
    stretched: depths.Window | None = None


def prepare(data: bytes, spec: ImageSpec, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode `data` and fit it to `spec`. A picture that has the network's size and colour already is not changed.

    Dark and light are exchanged when the network expects light ink (`spec.inverted`) and the picture has a light
    ground, which its border tells: so a black-on-white photo works, and so does a white-on-black sample.
    Decodes in this process, without a limit of time; strangers' files go through `scoring.decoder_pool`.
    Raises ImageRefused.
    """
    side = max(spec.width, spec.height)
    decoded = decoding.decode(data, side=side, max_bytes=max_bytes, max_pixels=max_pixels)
    preview = decoded.picture.copy()
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    colored = decoded.picture.convert("RGB" if spec.color == "rgb" else "L")
    fitted, was_inverted = fit(colored, spec)
    return Picture(
        pixels=Pixels(spec.width, spec.height, spec.channels, fitted.tobytes()),
        preview_png=_png(preview),
        input_png=_png(fitted),
        was_inverted=was_inverted,
        is_blank=backgrounds.is_blank(colored) or backgrounds.is_blank(fitted),
        stretched=decoded.stretched,
    )


def fit(picture: Image.Image, spec: ImageSpec) -> tuple[Image.Image, bool]:
    """An upright picture of the network's colour in its size, and whether dark and light were exchanged."""
    must_invert = spec.inverted and backgrounds.is_light(picture)
    if must_invert:
        picture = ImageOps.invert(picture)
    size = (spec.width, spec.height)
    if picture.size == size:
        return picture, must_invert
    if spec.fit == "ink":
        picture = backgrounds.cut_out(picture, size)
    return ImageOps.fit(picture, size, Image.Resampling.BILINEAR), must_invert


def _png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=1)
    return written.getvalue()
