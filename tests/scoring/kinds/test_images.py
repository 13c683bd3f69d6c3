"""The kind "images": the five functions one after the other, for a spec that names its kind and one that does not."""

import io
import json

import pytest
from PIL import Image

from scoring import kinds
from scoring.errors import SpecRefused
from scoring.images import ImageRefused
from scoring.kinds import Limits, images

LIMITS = Limits(bytes=10_000, pixels=1_000)
DOCUMENT = {
    "format": "pixels/v1",
    "file": "model.keras",
    "width": 4,
    "height": 4,
    "inverted": True,
    "labels": ["no", "yes"],
}


def png(side: int = 4, level: int = 255) -> bytes:
    kept = io.BytesIO()
    Image.new("L", (side, side), level).save(kept, "PNG")
    return kept.getvalue()


@pytest.mark.parametrize("document", [DOCUMENT, {"kind": "images", **DOCUMENT}])
def test_a_spec_without_a_kind_is_for_images(document: dict[str, object]) -> None:
    assert kinds.of_spec(document) is images


@pytest.mark.parametrize("name", ["sounds", "", 3, None, ["images"]])
def test_a_kind_nobody_knows_is_refused(name: object) -> None:
    with pytest.raises(SpecRefused) as refused:
        kinds.of_spec({"kind": name})
    assert (refused.value.code, refused.value.params) == ("kind_unknown", {"kind": str(name)})


def test_a_picture_becomes_a_request_and_an_answer_a_presentation() -> None:
    spec = images.read_spec(DOCUMENT)
    given = images.prepare_input(png(), spec, LIMITS)
    request = images.encode_request(given, spec)
    assert json.loads(request.body)["instances"] == [[[[0]] * 4] * 4]
    answer = images.decode_answer(b'{"predictions": [[0.25, 0.75]]}', spec)
    shown = images.present_answer(answer, given)
    assert shown.top == [("yes", 0.75), ("no", 0.25)]
    assert shown.details["was_inverted"]
    assert shown.details["preview"].startswith("data:image/png;base64,")
    assert shown.details["preview"] != shown.details["seen"]


def test_a_blank_picture_and_a_stretched_one_are_noted() -> None:
    spec = images.read_spec(DOCUMENT)
    answer = images.decode_answer(b'{"predictions": [[0.25, 0.75]]}', spec)
    assert images.present_answer(answer, images.prepare_input(png(), spec, LIMITS)).notes == [("image_blank", {})]
    kept = io.BytesIO()
    Image.frombytes("I;16", (2, 1), bytes([0, 0, 255, 3])).resize((8, 8), Image.Resampling.NEAREST).save(kept, "PNG")
    stretched = images.prepare_input(kept.getvalue(), spec, LIMITS)
    assert images.present_answer(answer, stretched).notes == [("image_stretched", {"lowest": 0, "highest": 1023})]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "image_empty"), (b"x" * 10_001, "image_too_large"), (png(32), "image_too_many_pixels")],
)
def test_the_limits_hold(data: bytes, code: str) -> None:
    with pytest.raises(ImageRefused) as refused:
        images.prepare_input(data, images.read_spec(DOCUMENT), LIMITS)
    assert refused.value.code == code
    assert refused.value.code in images.TEXTS


def test_every_refusal_has_its_texts_and_no_other_kind_has_them() -> None:
    assert images.TEXTS.keys() == ImageRefused.codes | {images.MISSING, *images.NOTES}
    codes = [code for kind in kinds.KINDS.values() for code in kind.TEXTS]
    assert len(codes) == len(set(codes))
