"""What an upload may cost to decode, judged by its header, and the refusals of those that would cost more.

A small file can unpack to far more than it weighs. Every file may cost FREE_BYTES and FREE_SECONDS; what it weighs
allows it more, up to a limit, because large photos honestly need more. So nobody gets much work for a few bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from scoring.errors import InputRefused

MAX_BYTES = 25_000_000
"""Default size limit of an upload; a 48-megapixel phone photo has 5 to 15 MB."""

MAX_PIXELS = 50_000_000
"""Default pixel limit: the largest phone photos have 48 million."""

MAX_SIDE_RATIO = 100
"""The longer side over the shorter one: a row of a picture costs memory and time even when it is one pixel wide."""

MAX_SCANS = 64
"""Passes over the whole picture in one JPEG file. Encoders write at most about 20."""

MAX_FRAMES = 2_000
"""Frames of an animation in a format whose decoder reads the table of all of them; only the first is used."""

FREE_BYTES, BYTES_FOR_A_BYTE, MOST_BYTES = 140_000_000, 100, 400_000_000
"""Memory for decoding: for any file, for each byte of the file, and for the largest. A 24-megapixel HEIC of 1.5 MB
needs 170 MB, a 48-megapixel progressive JPEG of 4.5 MB 280 MB."""

FREE_SECONDS, SECONDS_FOR_A_BYTE, MOST_SECONDS = 0.8, 0.4e-6, 3.0
"""Processor time in the same way. That HEIC needs 0.6 s on a server of 2024, that JPEG as well."""

MODE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""What Pillow keeps for a pixel, by mode; 4 for all others."""

DECODER_BYTES = {"WEBP": 12.0, "AVIF": 5.0, "HEIF": 3.5, "GIF": 1.0, "BMP": 3.0}
"""What a format's decoder takes for a pixel besides the picture: measured, rounded up."""

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")


class ImageRefused(InputRefused):
    """The upload cannot become the network's input. Sizes are in bytes (`size`, `limit`) or in pixels."""

    codes = frozenset(
        {
            "image_empty",
            "image_too_large",  # size, limit: bytes
            "image_not_an_image",
            "image_too_many_pixels",  # limit; width and height where they are known
            "image_truncated",  # starts like an image, but is damaged or cut off
            "image_too_narrow",  # width, height; limit: longer side over shorter side
            "image_too_many_scans",  # scans, limit
            "image_too_many_frames",  # frames, limit
            "image_too_costly",  # decoding needs, or needed, more memory or processor time than it may have
        }
    )


def memory_limit(size: int) -> int:
    """The bytes that decoding a file of `size` bytes may take."""
    return min(FREE_BYTES + BYTES_FOR_A_BYTE * size, MOST_BYTES)


def seconds_limit(size: int) -> float:
    """The seconds of processor time that decoding a file of `size` bytes may take."""
    return min(FREE_SECONDS + SECONDS_FOR_A_BYTE * size, MOST_SECONDS)


def check_icon(data: bytes, max_pixels: int) -> None:
    """Judge a file by what it contains if it is an icon, which Pillow decodes when it opens it. Raises ImageRefused."""
    if not data.startswith(b"\0\0\1\0"):
        return
    for width, height in _icon_sizes(data):
        _check_pixels(width, height, max_pixels)
        if 2 * 4 * width * height > memory_limit(len(data)):  # the picture, and once more with its mask
            raise ImageRefused("image_too_costly")


def check(picture: Image.Image, max_pixels: int) -> None:
    """Judge an opened picture by its size and frames, before anything is decoded. Raises ImageRefused."""
    width, height = picture.size
    _check_pixels(width, height, max_pixels)
    if max(width, height) > MAX_SIDE_RATIO * max(1, min(width, height)):
        raise ImageRefused("image_too_narrow", width=width, height=height, limit=MAX_SIDE_RATIO)
    if (frames := _frames(picture)) > MAX_FRAMES:
        raise ImageRefused("image_too_many_frames", frames=frames, limit=MAX_FRAMES)


def check_decoding(picture: Image.Image, data: bytes, full_size: tuple[int, int], times: int = 1) -> None:
    """Judge what decoding would take, `times` at once. Raises ImageRefused.

    A JPEG may have been told to come smaller than its `full_size`.
    """
    scans = _scans(picture, data) if isinstance(picture, JpegImageFile) else 1
    if scans > MAX_SCANS:
        raise ImageRefused("image_too_many_scans", scans=scans, limit=MAX_SCANS)
    coefficients = _coefficients(picture, full_size) if isinstance(picture, JpegImageFile) and scans > 1 else 0
    if times * (bytes_needed(picture) + coefficients) > memory_limit(len(data)):
        raise ImageRefused("image_too_costly")


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageRefused("image_too_many_pixels", width=width, height=height, limit=max_pixels)


def bytes_needed(picture: Image.Image) -> int:
    """The memory that decoding an opened picture takes, by its header: pixels, one pointer a row, the decoder's own."""
    width, height = picture.size
    for_pixel = MODE_BYTES.get(picture.mode, 4) + DECODER_BYTES.get(picture.format or "", 0.0)
    buffers = _tiff_buffers(picture) if picture.format == "TIFF" else 0
    return int(width * height * for_pixel) + 8 * height + buffers


def _icon_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Width and height of each picture in an icon, by its own header: the icon's may say something else."""
    count = int.from_bytes(data[4:6], "little")
    for entry in range(6, min(6 + 16 * count, len(data) - 15), 16):
        start = int.from_bytes(data[entry + 12 : entry + 16], "little")
        is_png = data[start : start + 8] == b"\x89PNG\r\n\x1a\n"
        form, place = (">II", start + 16) if is_png else ("<ii", start + 4)
        if len(data) >= place + 8:
            width, height = struct.unpack_from(form, data, place)
            yield abs(width), abs(height)


def _tiff_buffers(picture: Image.Image) -> int:
    """The strip or tile that is read at once, and a second picture when the first one has to be turned."""
    tags = picture.tag_v2  # type: ignore[attr-defined]
    across = int(tags.get(322, picture.width))  # TileWidth
    down = int(tags.get(323, min(int(tags.get(278, picture.height)), picture.height)))  # TileLength, RowsPerStrip
    bits = sum(tags.get(258, (1,)))  # BitsPerSample
    turned = MODE_BYTES.get(picture.mode, 4) * picture.width * picture.height if tags.get(274, 1) != 1 else 0
    return int(across * down * max(bits, 8) // 8 + turned)


def _scans(picture: JpegImageFile, data: bytes) -> int:
    """How many scans are read. What only looks like one, in a segment such as EXIF or after the end, does not count."""
    place = 2
    while found := _MARKER.search(data, place):
        marker, place = found.group(1)[0], found.end()
        if marker == 0xDA:
            break
        if marker not in (0x01, 0xD8):  # all others are followed by their length
            place += int.from_bytes(data[place : place + 2], "big")
    components = data[place + 2 : place + 3]
    if not picture.info.get("progressive") and components == bytes([picture.layers]):
        return 1  # all of the picture is in the first
    end = data.find(b"\xff\xd9", place)
    return 1 + data.count(b"\xff\xda", place, end if end >= 0 else len(data))


def _coefficients(picture: JpegImageFile, full_size: tuple[int, int]) -> int:
    """Two bytes for each value of each component, of the whole picture, until the last scan is read."""
    most_across, most_down = max(layer[1] for layer in picture.layer), max(layer[2] for layer in picture.layer)
    shares = sum(layer[1] * layer[2] / (most_across * most_down) for layer in picture.layer)
    return int(2 * full_size[0] * full_size[1] * shares)


def _frames(picture: Image.Image) -> int:
    """How many frames the header tells; 1 where one would have to read the whole file to know."""
    if picture.format not in ("WEBP", "PNG", "AVIF", "HEIF", "MPO"):
        return 1
    return int(getattr(picture, "n_frames", 1))
