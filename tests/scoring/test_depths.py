"""Files of more than 8 bits are stretched by what they really use, in every way such files are written."""

import io
import math
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from scoring import decoding, depths
from tests.scoring.support import png_chunk

SIDE = 28
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def ramp(highest: int, lowest: int = 0) -> list[int]:
    """28 equal rows that go from `lowest` to `highest`."""
    return [lowest + column * (highest - lowest) // (SIDE - 1) for column in range(SIDE)] * SIDE


def png(color_type: int, values: list[int], *, clear: int | None = None, alpha: list[int] | None = None) -> bytes:
    """A 16-bit PNG: grey (0), RGB (2), grey with alpha (4) or RGB with alpha (6)."""
    colors = 3 if color_type in (2, 6) else 1
    alpha = alpha or [65535] * len(values)
    pixels = [
        part
        for value, opacity in zip(values, alpha, strict=True)
        for part in [value] * colors + [opacity] * (color_type in (4, 6))
    ]
    across = SIDE * CHANNELS[color_type]
    rows = [pixels[start : start + across] for start in range(0, len(pixels), across)]
    packed = zlib.compress(b"".join(b"\0" + struct.pack(f">{across}H", *row) for row in rows))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, color_type, 0, 0, 0)
    extra = b"" if clear is None else png_chunk(b"tRNS", struct.pack(">H", clear))
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff(
    data: bytes, *, bits: int = 16, sample_format: int = 1, photometric: int = 1, samples: int = 1, order: str = "<"
) -> bytes:
    """An uncompressed TIFF; `sample_format` is 1 without a sign, 2 with one, 3 floating-point."""
    start = 8 + 2 + 10 * 12 + 4
    tags = [
        (256, SIDE),
        (257, SIDE),
        (258, bits if samples == 1 else start),
        (259, 1),
        (262, photometric),
        (273, start + 8),
        (277, samples),
        (278, SIDE),
        (279, len(data)),
        (339, sample_format),
    ]
    entries = b"".join(
        struct.pack(f"{order}HHII", tag, 3, samples, value)
        if tag == 258 and samples > 1
        else struct.pack(f"{order}HHII", tag, 4, 1, value)
        for tag, value in tags
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return head + entries + bytes(4) + struct.pack(f"{order}4H", *[bits] * 4) + data


def numbers(code: str, values: list[Any], order: str = "<") -> bytes:
    return struct.pack(f"{order}{len(values)}{code}", *values)


def rgb(values: list[int]) -> list[int]:
    return [value for value in values for _ in range(3)]


def decoded(data: bytes) -> tuple[list[int], depths.Window | None]:
    """The first row as grey, and what the file says about its values."""
    result = decoding.decode(data, side=SIDE)
    return list(result.picture.convert("L").tobytes()[:SIDE]), result.stretched


def is_like(row: list[int], wanted: list[int]) -> bool:
    return max(abs(one - other) for one, other in zip(row, wanted, strict=True)) <= 2


FULL_RAMP = ramp(255)[:SIDE]


@pytest.mark.parametrize("color_type", [0, 2, 4, 6], ids=["grey", "rgb", "grey-alpha", "rgba"])
@pytest.mark.parametrize("highest", [1, 255, 1023, 4095, 16383])
def test_a_16_bit_png_that_holds_fewer_bits_looks_as_with_its_own(color_type: int, highest: int) -> None:
    row, stretched = decoded(png(color_type, ramp(highest)))
    assert is_like(row, [value * 255 // highest for value in ramp(highest)[:SIDE]])
    assert stretched == (0, highest)


@pytest.mark.parametrize("color_type", [0, 2, 4, 6])
def test_one_that_uses_all_its_bits_keeps_its_scale_and_nothing_is_said(color_type: int) -> None:
    row, stretched = decoded(png(color_type, ramp(40_000)))
    assert is_like(row, [value // 257 for value in ramp(40_000)[:SIDE]])
    assert stretched is None


def test_values_close_together_far_from_zero_are_stretched_over_their_range() -> None:
    row, stretched = decoded(png(0, ramp(34_000, 30_000)))
    assert is_like(row, FULL_RAMP)
    assert stretched == (30_000, 34_000)


def test_what_cannot_be_seen_does_not_decide() -> None:
    """A clear pixel of the highest value, hidden by alpha or named as the transparent colour."""
    values, alpha = [65535, *ramp(4095)[1:]], [0, *[65535] * (SIDE * SIDE - 1)]
    assert decoded(png(0, values, clear=65535))[1] == (0, 4095)
    assert decoded(png(4, values, alpha=alpha))[1] == (0, 4095)
    assert decoded(png(6, values, alpha=alpha))[1] == (0, 4095)


@pytest.mark.parametrize(
    ("data", "window"),
    [
        (tiff(numbers("H", ramp(4095))), (0, 4095)),
        (tiff(numbers("H", ramp(4095), ">"), order=">"), (0, 4095)),
        (tiff(numbers("h", ramp(2095, -2000)), sample_format=2), (-2000, 2095)),
        (tiff(numbers("h", ramp(2095, -2000), ">"), sample_format=2, order=">"), (-2000, 2095)),
        (tiff(numbers("I", ramp(4095)), bits=32), (0, 4095)),
        (tiff(numbers("i", ramp(2095, -2000)), bits=32, sample_format=2), (-2000, 2095)),
        (tiff(numbers("f", ramp(4095)), bits=32, sample_format=3), (0, 4095)),
        (tiff(numbers("f", ramp(500, -500)), bits=32, sample_format=3), (-500, 500)),
        (tiff(numbers("f", [value / 255 for value in ramp(255)]), bits=32, sample_format=3), None),
        (tiff(numbers("b", ramp(60, -67)), bits=8, sample_format=2), (-67, 60)),
        (tiff(numbers("H", rgb(ramp(4095))), photometric=2, samples=3), (0, 4095)),
        (tiff(numbers("H", rgb(ramp(4095)), ">"), photometric=2, samples=3, order=">"), (0, 4095)),
    ],
)
def test_a_tiff_is_stretched_by_what_it_uses(data: bytes, window: depths.Window | None) -> None:
    row, stretched = decoded(data)
    assert is_like(row, FULL_RAMP)
    assert stretched == window


def test_a_tiff_whose_zero_is_white_is_turned_around() -> None:
    row, _ = decoded(tiff(numbers("H", ramp(4095)), photometric=0))
    assert is_like(row, FULL_RAMP[::-1])


def test_packed_12_bit_values_are_read() -> None:
    values = ramp(4095)
    pairs = zip(values[::2], values[1::2], strict=True)
    packed = b"".join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in pairs)
    row, stretched = decoded(tiff(packed, bits=12))
    assert is_like(row, FULL_RAMP)
    assert stretched == (0, 4095)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_gaps_in_floating_point_numbers_are_black_and_the_rest_is_read(odd: float) -> None:
    values = [float(value) for value in ramp(4095)]
    values[0] = odd
    row, stretched = decoded(tiff(numbers("f", values), bits=32, sample_format=3))
    assert is_like(row, FULL_RAMP)
    assert stretched == (0, 4095)


def test_nothing_but_gaps_is_black() -> None:
    row, _ = decoded(tiff(numbers("f", [math.nan] * SIDE * SIDE), bits=32, sample_format=3))
    assert set(row) == {0}


def test_a_compressed_tiff_is_no_different() -> None:
    target = io.BytesIO()
    deep = Image.frombytes("I;16", (SIDE, SIDE), numbers("H", ramp(4095)))
    deep.save(target, "TIFF", compression="tiff_lzw")
    row, stretched = decoded(target.getvalue())
    assert is_like(row, FULL_RAMP)
    assert stretched == (0, 4095)


def test_a_large_one_is_averaged_and_stretched_alike() -> None:
    target = io.BytesIO()
    deep = Image.frombytes("I;16", (SIDE, SIDE), numbers("H", ramp(4095))).resize(
        (2800, 2800), Image.Resampling.NEAREST
    )
    deep.save(target, "PNG")
    result = decoding.decode(target.getvalue(), side=SIDE)
    assert max(result.picture.size) < 1000
    assert result.stretched == (0, 4095)
    assert result.picture.getpixel((result.picture.width - 1, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("lowest", "highest", "wanted"),
    [
        (0, 0, (0, 1)),
        (0, 1, (0, 1)),
        (7, 200, (0, 255)),
        (0, 256, (0, 511)),
        (0, 65535, (0, 65535)),
        (-5, -5, (-5, -5)),
        (0.0, 0.5, (0, 1)),
        (0.0, 1.02, (0, 1)),
        (1000, 1001, (1000, 1001)),
        (3000, 3000, (0, 4095)),
    ],
)
def test_the_window_is_as_many_bits_as_are_used(lowest: float, highest: float, wanted: depths.Window) -> None:
    assert depths.window(lowest, highest) == wanted
