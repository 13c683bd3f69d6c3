"""What a drawing stands on: is its ground light, and where on it is the ink. Knows nothing of files and networks."""

from __future__ import annotations

import statistics

from PIL import Image, ImageChops

BORDER_SHARE = 14
"""The ground is read from a frame of 1/14 of the side: MNIST's digits stay 4 of 28 pixels away from the edge."""

INK_SHARE = 20 / 28
"""MNIST's makers fitted each digit into 20 of 28 pixels (LeCun et al. 1998)."""

WORKING_SIDE = 224
"""Shrunk to this before ink is looked for: the noise of a photo averages out, strokes stay."""

INK_LEVEL = 80
"""From 0 (ground) to 255 (the strongest ink): what belongs to a stroke rather than to a shadow."""


def is_light(picture: Image.Image) -> bool:
    """Whether the border's median is nearer to white than to black."""
    return statistics.median(_border(picture.convert("L"))) > 127


def cut_out(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Light ink on a cleared black ground, its box in the middle of a picture with the proportions of `size`.

    The picture has its light ink on a dark ground. Without any ink it comes back as it is.
    """
    small = picture.copy()
    small.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
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
