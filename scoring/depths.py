"""Values of more than 8 bits become 8 bits: stretched by what a file really uses, not by what it could hold."""

from __future__ import annotations

import functools
import sys
from typing import cast

from PIL import Image, ImageMath

from scoring import strips

Window = tuple[float, float]
"""The lowest and the highest value; they become black and white."""

FULL_16: Window = (0, 65535)
NATURAL_WINDOWS: tuple[Window, ...] = ((0, 1), (0, 255))
"""Windows of floating-point pictures that are so usual that nobody needs to be told."""

NARROW = 16
"""Values that use less than this part of their range are stretched from the lowest to the highest."""

_HIGH_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep(picture: Image.Image) -> bool:
    """Whether the picture is one band of whole numbers of 16 or 32 bits, or of floating-point numbers."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def window(lowest: float, highest: float) -> Window:
    """What becomes black and white when the values go from `lowest` to `highest`.

    Values without a sign keep 0 as black, and white is the largest number of as many bits as they need: so 8-, 10- or
    12-bit values in a 16-bit file look as they do in files of their own. Others are stretched over their range, and so
    are values that all lie close together far from 0.
    """
    if lowest < 0:
        return lowest, highest
    top = 2 ** max(1, round(highest).bit_length()) - 1
    if 0 < highest - lowest < top / NARROW:
        return lowest, highest
    return 0, top


def to_eight_bits(picture: Image.Image, factor: int) -> tuple[Image.Image, Window | None]:
    """A deep grey picture as L (LA where one value is transparent), 1/`factor` as large, and how it was stretched.

    The window is None when nothing needs to be said: the values use all that the file can hold.
    """
    key = picture.info.get("transparency") if picture.mode != "F" else None
    if picture.mode == "F":
        grey = _without_gaps(strips.reduce(lambda strip: strip, "F", factor, picture))
        chosen = window(*_extrema(grey))
        return _scaled(grey, chosen), None if chosen in NATURAL_WINDOWS else chosen
    seen: list[float] = []

    def whole_numbers(strip: Image.Image) -> Image.Image:
        numbers = strip.convert("I")
        if isinstance(key, int):
            numbers = ImageMath.lambda_eval(lambda given: given["v"] * (given["v"] != key), v=numbers)
        seen.extend(_extrema(numbers))
        return numbers

    grey = strips.reduce(whole_numbers, "I", factor, picture)
    chosen = window(min(seen), max(seen))
    levels = _scaled(grey, chosen)
    says_nothing = min(seen) == max(seen) or (chosen == FULL_16 and picture.mode != "I")
    if isinstance(key, int):
        levels = Image.merge("LA", (levels, _differs(picture, key, factor)))
    return levels, None if says_nothing else chosen


def signed_to_eight_bits(picture: Image.Image, factor: int) -> tuple[Image.Image, Window | None]:
    """A picture of signed bytes, which Pillow reads as if they had no sign, as to_eight_bits does it."""
    shifted = picture.point([value ^ 128 for value in range(256)])
    lowest, highest = _extrema(shifted)
    levels = _scaled(shifted.reduce(factor), (lowest, highest))
    return levels, (lowest - 128, highest - 128) if lowest < highest else None


def low_byte_mode(picture: Image.Image) -> str:
    """The raw mode that reads the low bytes of a 16-bit colour picture not yet decoded; "" for all others.

    Pillow keeps only the high bytes. Read in the other byte order, the same decoder keeps the low ones.
    """
    raw = _raw_mode(picture)
    if raw == "LA;16B":  # decoded as RGBA, whose bytes then are grey high and low, alpha high and low
        return "RGBA"
    kind, _, order = raw.partition(";16")
    return f"{kind};16{_HIGH_BYTE[order]}" if kind in ("RGB", "RGBX", "RGBA") and order in _HIGH_BYTE else ""


def with_raw_mode(picture: Image.Image, raw: str) -> Image.Image:
    """The picture, not yet decoded, that will be read in the raw mode."""
    tiles = picture.tile  # type: ignore[attr-defined]
    picture.tile = [  # type: ignore[attr-defined]
        tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw) for tile in tiles
    ]
    return picture


def uses_high_bit(high: Image.Image) -> bool:
    """Whether any colour among the high bytes is 128 or more: then all 16 bits are used. Clear pixels become black."""
    if high.mode == "RGBA":
        high.paste((0, 0, 0, 0), mask=high.getchannel("A").point([255] + [0] * 255))
    bands = high.getextrema()[:3]
    return max(cast(int, band[1]) for band in bands) > 127  # type: ignore[index]


def color_to_eight_bits(
    high: Image.Image, low: Image.Image, raw: str, factor: int
) -> tuple[Image.Image, Window | None]:
    """An RGB or RGBA picture from the high and low bytes of 16-bit values; `raw` is the mode the low ones came in."""
    is_grey = raw == "RGBA"
    seen: list[float] = []

    def joined(high_strip: Image.Image, low_strip: Image.Image, band: int) -> Image.Image:
        pair = (low_strip.getchannel(1 if is_grey else band), high_strip.getchannel(band))
        numbers = Image.frombytes("I;16", high_strip.size, Image.merge("LA", pair).tobytes()).convert("I")
        seen.extend(_extrema(numbers))
        return numbers

    bands = [
        strips.reduce(functools.partial(joined, band=band), "I", factor, high, low)
        for band in range(1 if is_grey else 3)
    ]
    chosen = window(min(seen), max(seen))
    levels = [_scaled(band, chosen) for band in bands] * (3 if is_grey else 1)
    if high.mode == "RGBA":
        levels.append(strips.reduce(lambda strip: strip.getchannel("A"), "L", factor, high))
    return Image.merge(high.mode, levels), chosen if min(seen) < max(seen) else None


def _raw_mode(picture: Image.Image) -> str:
    tiles = getattr(picture, "tile", None)
    if not tiles:
        return ""
    args = tiles[0].args
    return str(args[0] if isinstance(args, tuple) else args)


def _extrema(picture: Image.Image) -> tuple[float, float]:
    return cast(tuple[float, float], picture.getextrema())


def _scaled(numbers: Image.Image, chosen: Window) -> Image.Image:
    lowest, highest = chosen
    scale = 255 / ((highest - lowest) or 1.0)
    return numbers.convert("F").point(lambda value: value * scale + (0.5 - lowest * scale)).convert("L")


def _differs(picture: Image.Image, key: int, factor: int) -> Image.Image:
    """Opaque where the value is not `key`, which a PNG names as the transparent one."""

    def alpha(strip: Image.Image) -> Image.Image:
        return cast(Image.Image, ImageMath.lambda_eval(lambda given: (given["v"] != key) * 255, v=strip.convert("I")))

    return strips.reduce(alpha, "I", factor, picture).convert("L")


def _without_gaps(numbers: Image.Image) -> Image.Image:
    """Floating-point numbers whose infinities and not-a-numbers became the lowest of the others."""
    is_finite = ImageMath.lambda_eval(lambda given: (given["v"] - given["v"]) == 0, v=numbers)
    mask = is_finite.convert("L").point([0] + [255] * 255).convert("1")
    box = mask.getbbox()
    if box is None:
        return Image.new("F", numbers.size, 0)
    if mask.getextrema() == (255, 255):
        return numbers
    row = (0, box[1], numbers.width, box[1] + 1)
    first = cast(tuple[int, int, int, int], mask.crop(row).getbbox())[0]
    filled = Image.composite(numbers, Image.new("F", numbers.size, numbers.getpixel((first, box[1]))), mask)
    return Image.composite(numbers, Image.new("F", numbers.size, _extrema(filled)[0]), mask)
