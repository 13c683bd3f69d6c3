"""Files that cost more than they weigh are refused by their header, before anything is decoded."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scoring import budgets, images
from tests.scoring.support import DATA, digit_spec, needs_data, png_chunk, png_of_zeros

QUICKLY = {"enc_params": {"preset": "ultrafast"}}
PALETTE = png_chunk(b"PLTE", bytes(range(256)) * 3) + png_chunk(b"tRNS", bytes(256))


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def progressive(mode: str, side: int, more_scans: int = 0, **options: Any) -> bytes:
    """A progressive JPEG of one colour whose last scan is there `more_scans` times more."""
    data = written(Image.new(mode, (side, side), 128 if mode == "L" else 0), "JPEG", progressive=True, **options)
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * more_scans + data[-2:]


def frames(kind: str, count: int) -> bytes:
    pictures = [Image.new("RGB", (8, 8), (number % 256, number // 256, 0)) for number in range(count)]
    return written(pictures[0], kind, save_all=True, append_images=pictures[1:], lossless=True)


def gif_screen(side: int) -> bytes:
    """A small GIF that says it is `side` pixels wide and high."""
    whole = written(Image.new("P", (9, 9)), "GIF")
    return whole[:6] + struct.pack("<HH", side, side) + whole[10:]


def icon_with(png: bytes) -> bytes:
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(png), 22) + png


def tiff_tiles(side: int) -> bytes:
    """A small TIFF that says its tiles are `side` pixels wide and high."""
    tags = [
        (256, 100),
        (257, 100),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, side),
        (323, side),
        (324, 8),
        (325, 9),
    ]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(200)


BOMBS = {
    "a column": (lambda: png_of_zeros(1, 1_000_000), "image_too_narrow"),
    "a row": (lambda: png_of_zeros(1_000_000, 1), "image_too_narrow"),
    "just too narrow": (lambda: png_of_zeros(10, 1001), "image_too_narrow"),
    "rgb": (lambda: png_of_zeros(7000, 7000, 2), "image_too_costly"),
    "rgba": (lambda: png_of_zeros(6500, 6500, 6), "image_too_costly"),
    "16-bit rgb": (lambda: png_of_zeros(6500, 6500, 2, 16), "image_too_costly"),
    "many pixels": (lambda: png_of_zeros(8000, 8000, 0, 1), "image_too_many_pixels"),
    "an icon with a large picture": (lambda: icon_with(png_of_zeros(6500, 6500, 6)), "image_too_costly"),
    "an icon with too many pixels": (lambda: icon_with(png_of_zeros(7500, 7500)), "image_too_many_pixels"),
    "scans": (lambda: progressive("L", 200, 100), "image_too_many_scans"),
    "coefficients": (lambda: progressive("RGB", 6500, subsampling=0), "image_too_costly"),
    "webp frames": (lambda: frames("WEBP", 2001), "image_too_many_frames"),
    "apng frames": (lambda: frames("PNG", 2001), "image_too_many_frames"),
    "webp": (lambda: written(Image.new("RGB", (5000, 5000)), "WEBP", lossless=True, method=0), "image_too_costly"),
    "avif": (lambda: written(Image.new("RGB", (4500, 4500)), "AVIF", speed=10), "image_too_costly"),
    "heic": (lambda: written(Image.new("RGB", (4400, 4400)), "HEIF", **QUICKLY), "image_too_costly"),
    "tiff in one strip": (
        lambda: written(Image.new("RGB", (6000, 6000)), "TIFF", compression="tiff_deflate", tiffinfo={278: 6000}),
        "image_too_costly",
    ),
    "tiff tiles": (lambda: tiff_tiles(60_000), "image_too_costly"),
    "unpacked comments": (
        lambda: png_of_zeros(9, 9, extra=png_chunk(b"zTXt", b"k\0\0" + deflated(60_000_000))),
        "image_truncated",
    ),
    "unpacked colour profile": (
        lambda: png_of_zeros(9, 9, extra=png_chunk(b"iCCP", b"k\0\0" + deflated(60_000_000))),
        "image_truncated",
    ),
    "many comments": (
        lambda: png_of_zeros(9, 9, extra=png_chunk(b"zTXt", b"k\0\0" + deflated(1_000_000)) * 100),
        "image_truncated",
    ),
    "gif screen": (lambda: gif_screen(65535), "image_too_many_pixels"),
    "run-length bmp": (lambda: written(Image.new("P", (7000, 7000)), "BMP")[:2000], "image_too_costly"),
}  # fmt: skip


def deflated(size: int) -> bytes:
    return zlib.compress(bytes([97]) * size, 9)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_header(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, code = BOMBS[name]
    data = make()
    monkeypatch.setattr(Image.Image, "load", lambda picture: pytest.fail("it was decoded"))
    with pytest.raises(images.ImageRefused) as refused:
        images.prepare(data, digit_spec())
    assert refused.value.code == code


@pytest.mark.parametrize(
    "data",
    [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"]
    + [b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><svg/>"]
    + [b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3), written(Image.new("L", (9, 9)), "JPEG2000")]
    + [written(Image.new("RGB", (9, 9)), kind) for kind in ("PPM", "TGA", "PCX", "ICNS", "EPS", "PDF", "SGI")],
)  # fmt: skip
def test_formats_of_no_use_here_are_not_even_opened(data: bytes) -> None:
    with pytest.raises(images.ImageRefused) as refused:
        images.prepare(data, digit_spec())
    assert refused.value.code == "image_not_an_image"


@needs_data("odd-images")
def test_each_of_the_known_bombs_is_refused_or_small(tmp_path: Path) -> None:
    script = DATA / "odd-images" / "make_bombs.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    codes = {}
    for path in sorted(tmp_path.iterdir()):
        try:
            images.prepare(path.read_bytes(), digit_spec())
            codes[path.name] = "answered"
        except images.ImageRefused as error:
            codes[path.name] = error.code
    assert codes == {
        "many_scans.jpg": "image_too_many_scans",
        "palette_trns_49mp.png": "answered",
        "rgb_trns_49mp.png": "image_too_costly",
        "tall_1x49m.png": "image_too_narrow",
    }


# What honest files may cost


@pytest.mark.parametrize(
    "data",
    [
        png_of_zeros(7000, 7000, 0, 1),
        png_of_zeros(7000, 7000, 3, extra=PALETTE),
        png_of_zeros(5000, 5000, 2),
        png_of_zeros(10, 1000),
        progressive("RGB", 4000),
        progressive("L", 100, 50),
        frames("WEBP", 50),
        frames("GIF", 50),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_unusual_but_bearable_files_are_read(data: bytes) -> None:
    assert images.prepare(data, digit_spec()).pixels.width == 28


def test_what_looks_like_a_scan_in_a_comment_or_after_the_end_does_not_count() -> None:
    data = progressive("L", 100)
    comment = b"\xff\xfe" + struct.pack(">H", 202) + b"\xff\xda" * 100
    images.prepare(data[:2] + comment + data[2:] + b"\xff\xda" * 100, digit_spec())


def test_a_file_may_cost_more_when_it_weighs_more_up_to_a_limit() -> None:
    assert budgets.memory_limit(1000) < 141_000_000
    assert budgets.memory_limit(1_500_000) > 180_000_000
    assert budgets.memory_limit(25_000_000) == budgets.MOST_BYTES
    assert budgets.seconds_limit(1000) < 0.9
    assert budgets.seconds_limit(25_000_000) == budgets.MOST_SECONDS


def test_memory_is_counted_by_what_is_kept_for_a_pixel() -> None:
    opened = {color: Image.open(io.BytesIO(png_of_zeros(1000, 500, color))) for color in (0, 2)}
    opened[16] = Image.open(io.BytesIO(png_of_zeros(1000, 500, 0, 16)))
    assert [budgets.bytes_needed(one) for one in opened.values()] == [504_000, 2_004_000, 1_004_000]
