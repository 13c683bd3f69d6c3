"""An uploaded file becomes the exact pixels a network takes, and two PNGs to show. Sends nothing, stores nothing."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import cast

import pillow_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from scoring import backgrounds
from scoring.errors import InputRefused
from scoring.specs import ImageSpec

MAX_BYTES = 25_000_000
"""Default size limit of an upload; a 48-megapixel phone photo has 5 to 15 MB."""

MAX_PIXELS = 50_000_000
"""Default pixel limit: the largest phone photos have 48 million. Decoded, each pixel takes 3 to 4 bytes."""

PREVIEW_SIDE = 480
"""Longest side of the preview, in pixels."""

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "HEIF", "AVIF")
"""What people upload. Pillow reads more, some of it by starting other programs (EPS): those stay closed."""

SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF")

AVERAGED_MODES = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Modes in which the mean of two pixels is a color between them: not so in palettes."""

Image.init()  # now, not in the first upload
pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow itself then refuses twice as many, also in pictures inside of files


class ImageRefused(InputRefused):
    """The upload cannot become the network's input. Sizes are in bytes (`size`, `limit`) or in pixels."""

    codes = frozenset(
        {
            "image_empty",
            "image_too_large",  # size, limit: bytes
            "image_not_an_image",
            "image_too_many_pixels",  # limit; width and height where they are known
            "image_truncated",  # starts like an image, but is damaged or cut off
        }
    )


@dataclass(frozen=True, slots=True)
class Pixels:
    """`height` rows of `width` pixels with `channels` unsigned bytes each, row by row without gaps."""

    width: int
    height: int
    channels: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """An upload, ready to be sent. `input_png` shows `pixels`, `preview_png` the upload itself; both stand upright."""

    pixels: Pixels
    preview_png: bytes
    input_png: bytes
    was_inverted: bool


def prepare(data: bytes, spec: ImageSpec, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode `data` and fit it to `spec`. A picture that has the network's size and colour already is not changed.

    Dark and light are exchanged when the network expects light ink (`spec.inverted`) and the picture has a light
    ground, which its border tells: so a black-on-white photo works, and so does a white-on-black sample.
    Raises ImageRefused.
    """
    picture = decode(data, side=max(spec.width, spec.height), max_bytes=max_bytes, max_pixels=max_pixels)
    preview = picture.copy()
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    fitted, was_inverted = fit(picture, spec)
    pixels = Pixels(spec.width, spec.height, spec.channels, fitted.tobytes())
    return Picture(pixels, _png(preview), _png(fitted), was_inverted)


def decode(data: bytes, *, side: int, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame as upright RGB, transparent parts on white. A big picture comes shrunk, never near `side`.

    `max_pixels` can only be lower than MAX_PIXELS. Raises ImageRefused.
    """
    if not data:
        raise ImageRefused("image_empty")
    if len(data) > max_bytes:
        raise ImageRefused("image_too_large", size=len(data), limit=max_bytes)
    try:
        _open(data, max_pixels).verify()
        picture = _open(data, max_pixels)  # verify() leaves a picture that cannot be loaded
        enough = max(2 * side, PREVIEW_SIDE)
        picture.draft(None, (enough, enough))
        picture.load()
        _check_pixels(picture, max_pixels)
        return to_rgb(_shrunk(_upright(picture), enough))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused("image_too_many_pixels", limit=max_pixels) from error
    except ImageRefused:
        raise
    except Exception as error:  # damaged files make decoders raise nearly every kind there is
        raise ImageRefused("image_truncated") from error


def fit(picture: Image.Image, spec: ImageSpec) -> tuple[Image.Image, bool]:
    """An upright RGB picture in the network's size and colour, and whether dark and light were exchanged."""
    picture = picture.convert("RGB" if spec.color == "rgb" else "L")
    must_invert = spec.inverted and backgrounds.is_light(picture)
    if must_invert:
        picture = ImageOps.invert(picture)
    size = (spec.width, spec.height)
    if picture.size == size:
        return picture, must_invert
    if spec.fit == "ink":
        picture = backgrounds.cut_out(picture, size)
    return ImageOps.fit(picture, size, Image.Resampling.BILINEAR), must_invert


def to_rgb(picture: Image.Image) -> Image.Image:
    """Any mode Pillow can load as RGB: deep greys are scaled to 8 bits, transparent parts become white."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _eight_bits(picture).convert("RGB")
    if picture.mode == "LAB":
        return _from_lab(picture)
    if picture.has_transparency_data:
        colored = picture.convert("RGBA")
        white = Image.new("RGBA", colored.size, "white")
        return Image.alpha_composite(white, colored).convert("RGB")
    return picture.convert("RGB")


def _open(data: bytes, max_pixels: int) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        is_damaged = data.startswith(SIGNATURES)
        raise ImageRefused("image_truncated" if is_damaged else "image_not_an_image") from error
    _check_pixels(picture, max_pixels)
    return picture


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    if picture.width * picture.height > max_pixels:
        raise ImageRefused("image_too_many_pixels", width=picture.width, height=picture.height, limit=max_pixels)


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says. Broken EXIF is no reason to refuse a good picture."""
    with contextlib.suppress(Exception):  # Pillow's EXIF reader raises nearly every kind there is on foreign bytes
        ImageOps.exif_transpose(picture, in_place=True)  # otherwise every picture is copied
    return picture


def _shrunk(picture: Image.Image, enough: int) -> Image.Image:
    """Averaged by whole factors while its short side stays above `enough`, so that only the first copy is a big one."""
    factor = min(picture.size) // enough
    if factor < 2 or picture.mode not in AVERAGED_MODES or "transparency" in picture.info:
        return picture
    return picture.reduce(factor)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits keeps its scale (65,535 is white); fractions and other numbers are stretched over theirs."""
    deep = picture.convert("F")
    lowest, highest = cast(tuple[float, float], deep.getextrema())
    if picture.mode.startswith("I;16") or (lowest >= 0 and 255 < highest <= 65535):
        lowest, highest = 0.0, 65535.0
    elif lowest >= 0 and highest <= 1:
        lowest, highest = 0.0, 1.0
    elif lowest >= 0 and highest <= 255:
        lowest, highest = 0.0, 255.0
    scale = 255 / ((highest - lowest) or 1.0)
    return deep.point(lambda value: value * scale + (0.5 - lowest * scale)).convert("L")


def _from_lab(picture: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    return converted


def _png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=1)
    return written.getvalue()
