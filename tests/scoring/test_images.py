"""Uploads of every kind become pixels or a clear refusal."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageDraw, ImageOps

from scoring import images
from tests.scoring.support import DATA, color_spec, digit_spec, needs_data

pytestmark = pytest.mark.filterwarnings("default::UserWarning:PIL")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def shown(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


def a_seven(size: tuple[int, int] = (28, 28)) -> Image.Image:
    """White on black, with soft strokes, as MNIST has them."""
    picture = Image.new("L", (280, 280))
    ImageDraw.Draw(picture).line([(80, 70), (200, 70), (120, 215)], fill=255, width=24, joint="curve")
    return picture.resize(size, Image.Resampling.BICUBIC)


def corners(spec_side: int = 8) -> Image.Image:
    """Red, green / blue, white quarters: shows any turn or flip."""
    picture = Image.new("RGB", (spec_side, spec_side), "white")
    half = spec_side // 2
    picture.paste(RED, (0, 0, half, half))
    picture.paste(GREEN, (half, 0, spec_side, half))
    picture.paste(BLUE, (0, half, half, spec_side))
    return picture


def refused_code(data: bytes, **limits: int) -> str:
    with pytest.raises(images.ImageRefused) as refused:
        images.prepare(data, digit_spec(), **limits)
    return refused.value.code


def color_at(picture: images.Picture, x: int, y: int) -> tuple[int, ...]:
    pixels = picture.pixels
    start = (y * pixels.width + x) * pixels.channels
    return tuple(pixels.data[start : start + pixels.channels])


# What reaches the network


def test_a_sample_of_the_networks_own_size_is_not_changed() -> None:
    picture = images.prepare(written(a_seven()), digit_spec())
    assert picture.pixels == images.Pixels(28, 28, 1, a_seven().tobytes())
    assert not picture.was_inverted


def test_dark_ink_on_light_is_turned_around_for_a_network_that_learnt_light_ink() -> None:
    picture = images.prepare(written(ImageOps.invert(a_seven())), digit_spec())
    assert picture.was_inverted
    assert picture.pixels.data == a_seven().tobytes()


def test_nothing_is_turned_around_for_other_networks() -> None:
    upload = ImageOps.invert(a_seven())
    picture = images.prepare(written(upload), digit_spec(inverted=False))
    assert picture.pixels.data == upload.tobytes()
    assert not picture.was_inverted


@pytest.mark.parametrize("size", [(600, 600), (1200, 700), (500, 900)])
def test_a_photo_of_a_digit_comes_out_like_the_sample(size: tuple[int, int]) -> None:
    """Grey paper, grey ink, JPEG, other proportions: bright strokes where the sample has them, black elsewhere."""
    paper = Image.new("L", size, 190)
    digit = a_seven((400, 400))
    paper.paste(60, ((size[0] - 400) // 2, (size[1] - 400) // 2), digit)
    picture = images.prepare(written(paper.convert("RGB"), "JPEG"), digit_spec())
    wanted = images.prepare(written(a_seven((400, 400))), digit_spec())
    assert picture.was_inverted
    apart = [abs(one - other) for one, other in zip(picture.pixels.data, wanted.pixels.data, strict=True)]
    assert sum(apart) < sum(wanted.pixels.data) / 4
    assert max(picture.pixels.data) > 230
    assert set(picture.pixels.data[:28]) == {0}


def test_blank_paper_is_an_image_too() -> None:
    picture = images.prepare(written(Image.new("RGB", (300, 200), "white")), digit_spec())
    assert set(picture.pixels.data) == {0}


def test_a_wide_photo_keeps_its_middle() -> None:
    wide = Image.new("RGB", (900, 300), RED)
    wide.paste(GREEN, (300, 0, 600, 300))
    picture = images.prepare(written(wide), color_spec(width=96, height=96))
    assert (picture.pixels.width, picture.pixels.height, picture.pixels.channels) == (96, 96, 3)
    assert [color_at(picture, x, y) for x, y in [(2, 2), (93, 2), (48, 48), (2, 93), (93, 93)]] == [GREEN] * 5


def test_the_pngs_show_the_input_exactly_and_the_upload_small() -> None:
    picture = images.prepare(written(Image.new("RGB", (2000, 1000), BLUE), "JPEG"), color_spec())
    assert shown(picture.input_png).tobytes() == picture.pixels.data
    assert shown(picture.preview_png).size == (images.PREVIEW_SIDE, images.PREVIEW_SIDE // 2)


# Modes and formats


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "ICO", "AVIF", "HEIF", "JPEG"])
def test_each_usual_format_is_read(kind: str) -> None:
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}, "HEIF": {"quality": 100}}
    upload = written(corners(64), kind, **lossless.get(kind, {}))
    picture = images.prepare(upload, color_spec(width=64, height=64))
    for x, y, color in [(16, 16, RED), (48, 16, GREEN), (16, 48, BLUE), (48, 48, (255, 255, 255))]:
        assert all(abs(seen - wanted) < 12 for seen, wanted in zip(color_at(picture, x, y), color, strict=True))


def test_sixteen_bits_keep_their_scale() -> None:
    levels = struct.pack("<28H", *(level * 2427 for level in range(28)))
    deep = Image.frombytes("I;16", (28, 28), levels * 28)
    picture = images.prepare(written(deep), digit_spec(inverted=False))
    assert list(picture.pixels.data[:28]) == [round(level * 2427 / 257) for level in range(28)]


@pytest.mark.parametrize(("value", "wanted"), [(0.5, 128), (200.0, 200), (-5.0, 0)])
def test_fractions_are_read_by_their_range(value: float, wanted: int) -> None:
    picture = images.prepare(written(Image.new("F", (28, 28), value), "TIFF"), digit_spec(inverted=False))
    assert set(picture.pixels.data) == {wanted}


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
    clear.paste((*RED, 255), (0, 0, 48, 96))
    picture = images.prepare(written(clear), color_spec(width=96, height=96))
    assert color_at(picture, 10, 10) == RED
    assert color_at(picture, 80, 10) == (255, 255, 255)


def test_a_palette_with_a_transparent_color_is_white_there() -> None:
    palette = Image.new("P", (96, 96), 1)
    palette.putpalette([*RED, *BLUE])
    palette.paste(0, (0, 0, 48, 96))
    picture = images.prepare(written(palette, transparency=1), color_spec(width=96, height=96))
    assert color_at(picture, 10, 10) == RED
    assert color_at(picture, 80, 10) == (255, 255, 255)


def test_cmyk_becomes_rgb() -> None:
    picture = images.prepare(
        written(Image.new("CMYK", (96, 96), (0, 255, 255, 0)), "TIFF"), color_spec(width=96, height=96)
    )
    assert color_at(picture, 5, 5) == RED


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (96, 96), color) for color in (GREEN, RED, BLUE)]
    upload = written(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert color_at(images.prepare(upload, color_spec(width=96, height=96)), 5, 5) == GREEN


@pytest.mark.parametrize(
    ("orientation", "turn_back"),
    [
        (3, Image.Transpose.ROTATE_180),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
    ],
)
def test_a_turned_phone_photo_stands_upright(orientation: int, turn_back: Image.Transpose) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upload = written(corners(96).transpose(turn_back), "PNG", exif=exif)
    picture = images.prepare(upload, color_spec(width=96, height=96))
    assert picture.pixels.data == corners(96).tobytes()
    assert shown(picture.preview_png).tobytes() == corners(96).tobytes()


def test_a_heic_photo_of_a_phone_is_read() -> None:
    target = io.BytesIO()
    pillow_heif.from_pillow(corners(64)).save(target, format="HEIF", quality=95)
    picture = images.prepare(target.getvalue(), color_spec(width=64, height=64))
    assert color_at(picture, 8, 8)[0] > 230


# Refusals


def test_an_empty_upload_is_refused() -> None:
    assert refused_code(b"") == "image_empty"


@pytest.mark.parametrize("data", [b"hello", b"%PDF-1.7 ...", b"\0" * 500, b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    assert refused_code(data) == "image_not_an_image"


def test_a_program_for_a_printer_is_not_run() -> None:
    assert refused_code(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n") == "image_not_an_image"


def test_fifty_megabytes_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(images.ImageRefused) as refused:
        images.prepare(b"\0" * 50_000_000, digit_spec())
    assert (refused.value.code, refused.value.params) == (
        "image_too_large",
        {"size": 50_000_000, "limit": images.MAX_BYTES},
    )


def test_the_limits_can_be_lowered() -> None:
    upload = written(corners(64))
    assert refused_code(upload, max_bytes=len(upload) - 1) == "image_too_large"
    assert refused_code(upload, max_pixels=64 * 64 - 1) == "image_too_many_pixels"
    images.prepare(upload, digit_spec(), max_bytes=len(upload), max_pixels=64 * 64)


def png_that_claims(width: int, height: int) -> bytes:
    """A valid one-bit PNG of that size whose pixels compress to almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = zlib.compress(b"\0" * (1 + width // 8) * 64)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [40_000, 9_000, 7_100])
def test_too_many_pixels_are_refused_without_decoding_them(side: int) -> None:
    assert refused_code(png_that_claims(side, side)) == "image_too_many_pixels"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "HEIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(kind: str, share: float) -> None:
    whole = written(Image.effect_noise((200, 200), 80).convert("RGB"), kind)
    code = refused_code(whole[: max(12, int(len(whole) * share))])
    assert code in {"image_truncated", "image_not_an_image"}
    assert code == "image_truncated" or (kind, share) == ("HEIF", 0.02)


def test_a_flipped_bit_in_a_png_is_noticed() -> None:
    damaged = bytearray(written(Image.effect_noise((64, 64), 80)))
    damaged[len(damaged) // 2] ^= 1
    assert refused_code(bytes(damaged)) == "image_truncated"


# Other people's odd files

ODD_REFUSED = {
    "bomb_13000x13000_1bit.png": "image_too_many_pixels",
    "decompression_bomb.ico": "image_too_many_pixels",
    "broken.png": "image_truncated",
    "crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif": "image_truncated",
    "empty.jpg": "image_empty",
    "LICENSE.Pillow": "image_not_an_image",
    "make_bombs.py": "image_not_an_image",
    "png_decompression_dos.png": "image_truncated",
    "seek_too_large.tif": "image_truncated",
    "text_named.jpg": "image_not_an_image",
    "truncated_end_chunk.png": "image_truncated",
    "truncated_jpeg.jpg": "image_truncated",
}


def odd_files() -> list[Path]:
    return sorted((DATA / "odd-images").glob("*"))


@needs_data("odd-images")
@pytest.mark.parametrize("path", odd_files(), ids=lambda path: path.name)
def test_odd_files_are_read_or_refused_with_a_code(path: Path) -> None:
    wanted = ODD_REFUSED.get(path.name)
    for spec in (digit_spec(), color_spec()):
        if wanted:
            with pytest.raises(images.ImageRefused) as refused:
                images.prepare(path.read_bytes(), spec)
            assert refused.value.code == wanted
        else:
            picture = images.prepare(path.read_bytes(), spec)
            assert len(picture.pixels.data) == spec.width * spec.height * spec.channels
            assert shown(picture.preview_png).mode == "RGB"


@needs_data("odd-images")
def test_a_lab_photo_has_the_colors_of_the_rgb_one() -> None:
    lab, rgb = (
        images.prepare((DATA / "odd-images" / name).read_bytes(), color_spec(width=32, height=32)).pixels.data
        for name in ("hopper.Lab.tif", "hopper.png")
    )
    assert sum(abs(one - other) for one, other in zip(lab, rgb, strict=True)) / len(lab) < 8
