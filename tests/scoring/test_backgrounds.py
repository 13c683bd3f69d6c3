"""Transparent drawings are laid on the ground that shows them, and blank pictures are known."""

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from scoring import backgrounds, images
from tests.scoring.support import color_spec, digit_spec

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def strokes(side: int = 280) -> Image.Image:
    """The mask of a seven with soft edges."""
    mask = Image.new("L", (side, side))
    points = [(side * x // 28, side * y // 28) for x, y in ((8, 7), (20, 7), (12, 21))]
    ImageDraw.Draw(mask).line(points, fill=255, width=side // 12, joint="curve")
    return mask.filter(ImageFilter.GaussianBlur(1))


def drawn(ink: tuple[int, int, int], hidden: tuple[int, int, int] = BLACK) -> Image.Image:
    """Strokes of one colour on nothing; `hidden` is the colour that is there but cannot be seen."""
    picture = Image.new("RGBA", (280, 280), (*hidden, 0))
    picture.paste((*ink, 255), mask=strokes())
    picture.putalpha(strokes())
    return picture


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def hard(picture: Image.Image) -> Image.Image:
    """Without soft edges: a GIF has one transparent colour and no half-transparent ones."""
    picture.putalpha(picture.getchannel("A").point(lambda value: 255 if value > 127 else 0))
    return picture


def as_palette(picture: Image.Image) -> bytes:
    """A palette with tRNS for each of its colours."""
    return written(picture.quantize(16, method=Image.Quantize.FASTOCTREE))


def as_one_bit(ink: int) -> bytes:
    """One bit for a pixel, the ground named as transparent."""
    bits = strokes().point(lambda value: 255 if value > 127 else 0)
    bits = bits if ink else bits.point(lambda value: 255 - value)
    return written(bits.convert("1"), transparency=0 if ink else 1)


def as_few_bits(ink: int) -> bytes:
    """Four bits for a pixel, the ground named as transparent: a value that has to be brought to 8 bits."""
    levels = strokes().point(lambda value: 255 if value > 127 else 0)
    picture = (levels if ink else levels.point(lambda value: 255 - value)).convert("P")
    picture.putpalette([value * 17 for value in range(16) for _ in range(3)])
    return written(picture.point(lambda value: value // 17), bits=4, transparency=0 if ink else 15)


def as_grey_alpha(ink: tuple[int, int, int]) -> bytes:
    return written(drawn(ink).convert("LA"))


FORMS = {
    "rgba": lambda ink: written(drawn(ink)),
    "la": as_grey_alpha,
    "palette": lambda ink: as_palette(drawn(ink)),
    "webp": lambda ink: written(drawn(ink), "WEBP", lossless=True),
    "gif": lambda ink: written(hard(drawn(ink)), "GIF"),
    "tiff": lambda ink: written(drawn(ink), "TIFF"),
    "one bit": lambda ink: as_one_bit(ink[0]),
    "four bits": lambda ink: as_few_bits(ink[0]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_white_digit_on_nothing_reads_like_a_black_one(form: str) -> None:
    white, black = (images.prepare(FORMS[form](ink), digit_spec()) for ink in (WHITE, BLACK))
    assert max(white.pixels.data) > 200
    apart = [abs(one - other) for one, other in zip(white.pixels.data, black.pixels.data, strict=True)]
    assert sum(apart) < sum(black.pixels.data) / 20
    assert not white.is_blank
    assert (white.was_inverted, black.was_inverted) == (False, True)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (WHITE, "black"),
        ((200, 200, 200), "black"),
        ((255, 240, 0), "black"),  # yellow
        ((0, 255, 255), "black"),
        (BLACK, "white"),
        ((90, 90, 90), "white"),
        ((255, 0, 0), "white"),
        ((0, 0, 200), "white"),
    ],
)
@pytest.mark.parametrize("hidden", [BLACK, WHITE])
def test_the_ground_is_the_one_that_ink_of_one_tone_stands_out_from(ink: Any, ground: str, hidden: Any) -> None:
    assert backgrounds.ground_for(drawn(ink, hidden)) == ground


@pytest.mark.parametrize(("card", "ink", "ground"), [(WHITE, BLACK, "white"), (BLACK, WHITE, "black")])
def test_a_cut_out_card_gets_the_ground_of_its_own_colour(card: Any, ink: Any, ground: str) -> None:
    picture = Image.new("RGBA", (400, 400))
    picture.paste((*card, 255), (60, 60, 340, 340))
    picture.paste((*ink, 255), (60, 60), strokes())
    assert backgrounds.ground_for(picture) == ground
    read = images.prepare(written(picture), digit_spec())
    wanted = images.prepare(written(drawn(ink)), digit_spec())
    apart = [abs(one - other) for one, other in zip(read.pixels.data, wanted.pixels.data, strict=True)]
    assert sum(apart) < sum(wanted.pixels.data) / 5


def test_a_white_digit_with_an_outline_keeps_its_shape() -> None:
    outline = strokes().filter(ImageFilter.MaxFilter(5))
    picture = Image.new("RGBA", (280, 280), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), mask=outline)
    picture.paste((255, 255, 255, 255), mask=strokes())
    assert backgrounds.ground_for(picture) == "black"


def test_a_faint_drawing_is_ink_too() -> None:
    faint = drawn(WHITE)
    faint.putalpha(strokes().point(lambda value: value // 4))
    assert backgrounds.ground_for(faint) == "black"


def test_nothing_at_all_is_laid_on_white() -> None:
    assert backgrounds.ground_for(Image.new("RGBA", (28, 28))) == "white"


# Blank pictures


def shaded(noise: int = 0) -> Image.Image:
    """Blank paper in uneven light."""
    paper = Image.linear_gradient("L").resize((600, 800)).point(lambda value: 180 + value // 5)
    return paper if not noise else Image.blend(paper, Image.effect_noise((600, 800), noise), 0.1)


@pytest.mark.parametrize(
    "upload",
    [
        written(Image.new("RGB", (300, 200), "white")),
        written(Image.new("L", (28, 28), 0)),
        written(Image.new("RGB", (300, 200), (200, 30, 30)), "JPEG"),
        written(Image.new("RGBA", (280, 280), (255, 0, 0, 0))),
        written(Image.new("LA", (28, 28), (255, 0))),
        written(Image.new("P", (28, 28), 3), transparency=3),
        written(Image.new("1", (28, 28), 1)),
        written(Image.new("I;16", (28, 28), 3000)),
        written(Image.new("F", (28, 28), 0.5), "TIFF"),
        written(Image.new("RGBA", (100, 100), (255, 255, 255, 128)), "WEBP"),
        written(Image.blend(Image.new("L", (500, 500), 240), Image.effect_noise((500, 500), 60), 0.1), "JPEG"),
        written(Image.blend(Image.new("L", (28, 28), 128), Image.effect_noise((28, 28), 30), 0.1)),
        written(shaded(), "JPEG"),
        written(shaded(noise=40), "JPEG"),
    ],
    ids=lambda upload: f"{len(upload)} bytes",
)
@pytest.mark.parametrize("spec", [digit_spec(), color_spec()], ids=["digits", "photos"])
def test_a_picture_of_one_colour_or_nearly_is_blank(upload: bytes, spec: Any) -> None:
    assert images.prepare(upload, spec).is_blank


def pencil() -> Image.Image:
    """Faint strokes on shaded paper."""
    paper = shaded()
    paper.paste(170, (160, 200), strokes())
    return paper


@pytest.mark.parametrize(
    "upload",
    [
        written(drawn(WHITE)),
        written(pencil(), "JPEG"),
        written(Image.linear_gradient("L")),
        written(strokes(28)),
        written(strokes(1000).crop((100, 100, 1000, 1000)), "JPEG"),
    ],
)
def test_a_drawing_or_a_photo_is_not_blank(upload: bytes) -> None:
    assert not images.prepare(upload, digit_spec()).is_blank


def test_what_the_network_sees_decides_too() -> None:
    """The middle of a wide picture is all that a network for photos gets."""
    wide = Image.new("RGB", (900, 300), "white")
    wide.paste("black", (0, 0, 200, 300))
    assert images.prepare(written(wide), color_spec()).is_blank


def test_colours_of_the_same_brightness_are_blank_for_a_grey_network_only() -> None:
    flag = Image.new("RGB", (300, 300), (255, 0, 0))
    flag.paste((0, 130, 0), (100, 100, 200, 200))
    assert not images.prepare(written(flag), color_spec()).is_blank
    assert images.prepare(written(flag), digit_spec()).is_blank
