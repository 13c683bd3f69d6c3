"""What a drawing stands on: is its ground light, where on it is the ink, is there any. Knows no files and networks."""

from __future__ import annotations

import statistics
from typing import cast

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

BORDER_SHARE = 14
"""The ground is read from a frame of 1/14 of the side: MNIST's digits stay 4 of 28 pixels away from the edge."""

INK_SHARE = 20 / 28
"""MNIST's makers fitted each digit into 20 of 28 pixels (LeCun et al. 1998)."""

WORKING_SIDE = 224
"""Shrunk to this before ink is looked for: the noise of a photo averages out, strokes stay."""

INK_LEVEL = 80
"""From 0 (ground) to 255 (the strongest ink): what belongs to a stroke rather than to a shadow."""

OTHER_TONE = 100
"""How far from the tone of its edge, of 255, something must be to be drawn upon a patch rather than to be the ink."""

OTHER_TONE_SHARE = 0.01
"""The least part of a patch that such a drawing covers."""

SAME_TONE = 12
"""A picture whose values differ by no more than this, of 255, has one colour: noise and JPEG make this much."""

SHADING, DETAIL = 64, 6
"""Blank paper in uneven light differs by more from side to side, but hardly from its own surroundings."""


def is_light(picture: Image.Image) -> bool:
    """Whether the border's median is nearer to white than to black."""
    return statistics.median(_border(picture.convert("L"))) > 127


def ground_for(picture: Image.Image) -> str:
    """ "white" or "black": the ground on which an RGBA picture with transparent parts is to be laid.

    Ink of one tone gets the ground it stands out from: light strokes get black. Where what can be seen is a patch with
    a drawing of another tone on it, such as a cut-out card, the patch's edge tells its colour and the ground continues
    it. A picture without any ink gets white.
    """
    small = ImageOps.expand(_thumbnail(picture), 1, (0, 0, 0, 0))
    alpha = small.getchannel("A")
    strongest = _extrema(alpha)[1]
    if strongest == 0:
        return "white"
    ink = alpha.point([255 if value >= (strongest + 1) // 2 else 0 for value in range(256)])
    tones = small.convert("RGB").convert("L")
    tone = ImageStat.Stat(tones, ink).mean[0]
    edge = ImageStat.Stat(tones, ImageChops.subtract(ink, ink.filter(ImageFilter.MinFilter(3)))).mean[0]
    counts = tones.histogram(ink)
    others = sum(count for value, count in enumerate(counts) if abs(value - edge) > OTHER_TONE)
    if others > OTHER_TONE_SHARE * sum(counts):
        return "white" if edge > 127 else "black"
    return "black" if tone > 127 else "white"


def is_blank(picture: Image.Image) -> bool:
    """Whether an L or RGB picture has one colour, or nearly: noise and a slow change of light are nothing to read."""
    small = _thumbnail(picture).filter(ImageFilter.BoxBlur(1))
    spread = max(highest - lowest for lowest, highest in (_extrema(band) for band in small.split()))
    if spread <= SAME_TONE:
        return True
    if spread > SHADING:
        return False
    surroundings = small.filter(ImageFilter.GaussianBlur(max(small.size) / 10))
    details = ImageChops.difference(small, surroundings)
    return max(_extrema(band)[1] for band in details.split()) <= DETAIL


def cut_out(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Light ink on a cleared black ground, its box in the middle of a picture with the proportions of `size`.

    The picture has its light ink on a dark ground. Without any ink it comes back as it is.
    """
    small = _thumbnail(picture)
    grey = small.convert("L")
    shade = sorted(_border(grey))
    floor, top = shade[len(shade) * 95 // 100], int(grey.getextrema()[1])  # type: ignore[arg-type]
    if top - floor < INK_LEVEL:
        return picture
    scale = 255 / (top - floor)
    cleared = ImageChops.subtract(small, Image.new(small.mode, small.size, (floor,) * len(small.getbands())))
    cleared = cleared.point(lambda value: round(min(255, value * scale)))
    box = cleared.convert("L").point(lambda value: 255 if value >= INK_LEVEL else 0).getbbox()
    return cleared.crop(_around(box, size)) if box else picture


def _thumbnail(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    return small


def _extrema(band: Image.Image) -> tuple[int, int]:
    return cast(tuple[int, int], band.getextrema())


def _around(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box with room around it, in the proportions of `size`. What reaches beyond the picture is black."""
    left, upper, right, lower = box
    unit = max((right - left) / size[0], (lower - upper) / size[1]) / INK_SHARE
    width, height = max(1, round(unit * size[0])), max(1, round(unit * size[1]))
    start_x, start_y = round((left + right - width) / 2), round((upper + lower - height) / 2)
    return start_x, start_y, start_x + width, start_y + height


def _border(grey: Image.Image) -> bytes:
    """The values of the frame, of a picture shrunk so that a dozen megapixels cost no more than a sample."""
    side = 2 * BORDER_SHARE
    small = grey if max(grey.size) <= side else grey.resize((side, side), Image.Resampling.BOX)
    width, height = small.size
    edge = max(1, min(small.size) // BORDER_SHARE)
    frame = [
        (0, 0, width, edge),
        (0, height - edge, width, height),
        (0, 0, edge, height),
        (width - edge, 0, width, height),
    ]
    return b"".join(small.crop(box).tobytes() for box in frame)
