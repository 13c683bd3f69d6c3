"""Any image file becomes an upright picture in RGB of a size that is good to work with. Knows nothing of networks."""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import dataclass

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageCms, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from scoring import backgrounds, budgets, depths, strips
from scoring.budgets import ImageRefused

PREVIEW_SIDE = 480
"""Longest side of the preview, in pixels."""

WORKING_PIXELS = 4_000_000
"""A picture with more pixels is shrunk even when its short side then has fewer than one would like."""

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "HEIF", "AVIF")
"""What people upload. Pillow reads more, some of it by starting other programs (EPS): those stay closed."""

SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by the orientation of its EXIF (tag 0x0112)."""

Image.init()  # now, not in the first upload
pillow_heif.register_heif_opener()
pillow_heif.options.DECODE_THREADS = 1  # threads cost memory; several pictures are decoded at once anyway
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
Image.MAX_IMAGE_PIXELS = (
    budgets.MAX_PIXELS
)  # Pillow itself then refuses twice as many, also in pictures inside of files
PngImagePlugin.MAX_TEXT_MEMORY = 4_000_000  # comments of a PNG, unpacked


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright RGB picture; `stretched` are the values of a deep file that became black and white, if it is told."""

    picture: Image.Image
    stretched: depths.Window | None


def decode(
    data: bytes, *, side: int, max_bytes: int = budgets.MAX_BYTES, max_pixels: int = budgets.MAX_PIXELS
) -> Decoded:
    """The first frame as upright RGB, transparent parts on white or black, whichever shows what is drawn.

    A big picture comes shrunk, never near `side`. `max_pixels` can only be lower than MAX_PIXELS. Raises ImageRefused.
    """
    if not data:
        raise ImageRefused("image_empty")
    if len(data) > max_bytes:
        raise ImageRefused("image_too_large", size=len(data), limit=max_bytes)
    try:
        picture, stretched = _read(data, max(2 * side, PREVIEW_SIDE), max_pixels)
        return Decoded(_on_ground(picture), stretched)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused("image_too_many_pixels", limit=max_pixels) from error
    except MemoryError as error:
        raise ImageRefused("image_too_costly") from error
    except ImageRefused:
        raise
    except Exception as error:  # damaged files make decoders raise nearly every kind there is
        raise ImageRefused("image_truncated") from error


def _read(data: bytes, enough: int, max_pixels: int) -> tuple[Image.Image, depths.Window | None]:
    """The first frame, upright and shrunk, in a mode of 8 bits."""
    picture = _open(data, max_pixels)
    if picture.format == "PNG":  # only its files have check sums
        picture.verify()
        picture = _open(data, max_pixels)  # verify() leaves a picture that cannot be loaded
    full_size = picture.size
    picture.draft(None, (enough, enough))
    budgets.check_decoding(picture, data, full_size)
    low_byte_mode = depths.low_byte_mode(picture)
    picture.load()
    budgets.check(picture, max_pixels)
    _correct_transparency(picture, data)
    factor = _factor(picture, enough)
    turn = _turn(picture)
    tags = picture.tag_v2 if isinstance(picture, TiffImageFile) else {}
    stretched: depths.Window | None = None
    if depths.is_deep(picture):
        is_negative = tags.get(262) == 0  # PhotometricInterpretation: white is zero
        picture, stretched = depths.to_eight_bits(picture, factor)
        picture = picture.point(range(255, -1, -1)) if is_negative else picture
    elif picture.mode == "L" and tags.get(339) == (2,):  # SampleFormat: signed
        picture, stretched = depths.signed_to_eight_bits(picture, factor)
    elif low_byte_mode and not depths.uses_high_bit(picture):
        budgets.check_decoding(picture, data, full_size, times=2)
        low = depths.with_raw_mode(_open(data, max_pixels), low_byte_mode)
        low.load()
        picture, stretched = depths.color_to_eight_bits(picture, low, low_byte_mode, factor)
    else:
        picture = _shrunk(picture, factor)
    return picture.transpose(turn) if turn is not None else picture, stretched


def _open(data: bytes, max_pixels: int) -> Image.Image:
    budgets.check_icon(data, max_pixels)
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        is_damaged = data.startswith(SIGNATURES)
        raise ImageRefused("image_truncated" if is_damaged else "image_not_an_image") from error
    budgets.check(picture, max_pixels)
    return picture


def _factor(picture: Image.Image, enough: int) -> int:
    """By how much to shrink: the short side stays above `enough`, unless the picture is very long."""
    most = max(WORKING_PIXELS, enough * enough)
    return max(1, min(picture.size) // enough, math.ceil(math.sqrt(picture.width * picture.height / most)))


def _shrunk(picture: Image.Image, factor: int) -> Image.Image:
    """Averaged by a whole factor, in a mode in which the mean of two pixels is a colour between them."""
    mode = _averaged_mode(picture)
    if mode == picture.mode and mode != "RGBA":
        return picture.reduce(factor) if factor > 1 else picture
    return strips.reduce(lambda strip: strip.convert(mode), mode, factor, picture)


def _averaged_mode(picture: Image.Image) -> str:
    if picture.has_transparency_data:
        return "RGBA"
    if picture.mode in ("L", "RGB", "CMYK", "YCbCr", "LAB"):
        return picture.mode
    return "L" if picture.mode == "1" else "RGB"


def _on_ground(picture: Image.Image) -> Image.Image:
    """As RGB; what can be seen through is laid on the ground that shows the rest."""
    if picture.mode == "LAB":
        return _from_lab(picture)
    if picture.mode not in ("RGBA", "LA"):
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    ground = Image.new("RGBA", clear.size, backgrounds.ground_for(clear))
    return Image.alpha_composite(ground, clear).convert("RGB")


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """What the picture's EXIF asks for. Broken EXIF is no reason to refuse a good picture."""
    with contextlib.suppress(Exception):  # Pillow's EXIF reader raises nearly every kind there is on foreign bytes
        return TURNS.get(picture.getexif().get(0x0112, 1))
    return None


def _correct_transparency(picture: Image.Image, data: bytes) -> None:
    """Bring a PNG's transparent colour to 8 bits, as Pillow brings the pixels but not this value."""
    key = picture.info.get("transparency")
    if picture.format != "PNG" or key is None or picture.mode == "P":
        return
    depth = data[24]
    if depth == 16 and isinstance(key, tuple):
        picture.info["transparency"] = tuple(value >> 8 for value in key)
    elif depth in (2, 4) and picture.mode == "L" and isinstance(key, int):
        picture.info["transparency"] = key * 255 // (2**depth - 1)


def _from_lab(picture: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    return converted
