"""Works through a large picture strip by strip, so that no second copy of it is ever needed in full."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

STRIP_PIXELS = 1_000_000
"""About how many pixels of the large picture are in work at once."""


def reduce(convert: Callable[..., Image.Image], mode: str, factor: int, *pictures: Image.Image) -> Image.Image:
    """A picture in `mode`, 1/`factor` as wide and high: what `convert` makes of the pictures' strips, averaged.

    The pictures have the same size; `convert` gets one strip of each and returns a picture in `mode`.
    """
    width, height = pictures[0].size
    rows = max(1, STRIP_PIXELS // (width * factor)) * factor
    result = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        box = (0, top, width, min(height, top + rows))
        strip = convert(*(picture.crop(box) for picture in pictures))
        result.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return result
