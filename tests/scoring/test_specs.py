"""model.json files, good and bad."""

import json

import pytest

from scoring import specs
from scoring.errors import SpecRefused
from tests.scoring.support import color_spec, digit_spec


def test_a_model_json_becomes_a_spec() -> None:
    text = '{"format": "pixels/v1", "file": "m.keras", "width": 3, "height": 2, "color": "rgb", "labels": ["a", 7]}'
    spec = specs.parse(text)
    assert (spec.width, spec.height, spec.channels, spec.color) == (3, 2, 3, "rgb")
    assert (spec.scale, spec.offset, spec.inverted, spec.fit) == (1.0, 0.0, False, "crop")
    assert spec.labels == ("a", "7")


def test_color_may_follow_from_the_channels() -> None:
    document = {"format": "pixels/v1", "file": "m", "width": 3, "height": 2, "labels": ["a"]}
    assert specs.from_document(document | {"channels": 3}).color == "rgb"
    assert specs.from_document(document | {"channels": 1}).color == "grayscale"
    assert specs.from_document(document).color == "grayscale"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", None),
        ("file", ""),
        ("width", 0),
        ("width", "28"),
        ("width", True),
        ("height", 5000),
        ("channels", 4),
        ("color", "cmyk"),
        ("scale", "1/255"),
        ("offset", float("inf")),
        ("inverted", "yes"),
        ("fit", "stretch"),
        ("labels", []),
        ("labels", "0123456789"),
    ],
)
def test_each_wrong_field_is_named(name: str, value: object) -> None:
    with pytest.raises(SpecRefused) as refused:
        digit_spec(**{name: value})
    assert refused.value.code == "spec_unreadable"
    assert str(refused.value.params["reason"]).startswith(name)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff\xfe"])
def test_a_file_that_is_no_json_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(SpecRefused) as refused:
        specs.parse(text)
    assert refused.value.code == "spec_unreadable"


def test_a_parsed_document_and_its_text_give_the_same_spec() -> None:
    document = {
        "format": "pixels/v1",
        "file": "m",
        "width": 224,
        "height": 224,
        "channels": 3,
        "labels": ["cat", "dog"],
    }
    document |= {"file": "model.h5", "scale": 1 / 127.5, "offset": -1.0}
    assert specs.parse(json.dumps(document)) == color_spec()
