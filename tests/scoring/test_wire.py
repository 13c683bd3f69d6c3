"""Pixels to bytes and answers to labels."""

import json

import pytest

from scoring import wire
from scoring.errors import EndpointAnswer, SpecRefused
from scoring.images import Pixels
from tests.scoring.support import color_spec, digit_spec

SPEC = color_spec(labels=["cat", "dog", "fish"])


def answer(document: object) -> bytes:
    return json.dumps(document).encode()


def refused_reason(body: bytes) -> str:
    with pytest.raises(EndpointAnswer) as refused:
        wire.decode(body, SPEC)
    assert refused.value.code == "answer_unreadable"
    return str(refused.value.params["reason"])


def test_color_pixels_travel_as_rows_of_triples() -> None:
    request = wire.encode(Pixels(2, 2, 3, bytes(range(12))), SPEC)
    assert request.content_type == "application/json"
    assert json.loads(request.body) == {
        "format": "pixels/v1",
        "instances": [[[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]],
    }


def test_grey_pixels_travel_as_lists_of_one() -> None:
    request = wire.encode(Pixels(3, 2, 1, bytes([1, 2, 3, 4, 5, 255])), digit_spec())
    assert json.loads(request.body)["instances"] == [[[[1], [2], [3]], [[4], [5], [255]]]]


def test_a_photograph_stays_below_azures_comfortable_size() -> None:
    assert len(wire.encode(Pixels(224, 224, 3, b"\xff" * 224 * 224 * 3), SPEC).body) < 4_000_000


def test_labels_come_with_the_most_probable_first() -> None:
    body = answer({"predictions": [[0.1, 0.7, 0.2]], "labels": ["cat", "dog", "fish"]})
    assert wire.decode(body, SPEC) == [("dog", 0.7), ("fish", 0.2), ("cat", 0.1)]


def test_the_labels_of_the_answering_version_win() -> None:
    body = answer({"predictions": [[0.4, 0.6]], "labels": ["no", "yes"]})
    assert wire.decode(body, SPEC) == [("yes", 0.6), ("no", 0.4)]


def test_an_answer_without_labels_uses_those_of_the_spec() -> None:
    assert wire.decode(answer({"predictions": [[1, 0, 0]]}), SPEC)[0] == ("cat", 1.0)


def test_an_answer_that_was_packed_twice_is_read() -> None:
    assert wire.decode(answer(json.dumps({"predictions": [[0, 1, 0]]})), SPEC)[0] == ("dog", 1.0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "JSON"),
        (b"<html>", "JSON"),
        (b"\xff\xfe\x00", "JSON"),
        (b"[" * 100_000, "JSON"),
        (answer([0.1, 0.9]), "object"),
        (answer({"error": "no"}), "predictions"),
        (answer({"predictions": []}), "predictions"),
        (answer({"predictions": [[1, 0, 0], [1, 0, 0]]}), "predictions"),
        (answer({"predictions": [0.5, 0.5]}), "predictions"),
        (answer({"predictions": [[0.5, 0.5]]}), "labels"),
        (answer({"predictions": [[1, 0]], "labels": "ab"}), "labels"),
        (answer({"predictions": [[0.5, 0.5, "0"]]}), "number"),
        (answer({"predictions": [[0.5, 0.5, None]]}), "number"),
        (b'{"predictions": [[NaN, 0, 0]]}', "number"),
        (answer({"predictions": [[12.5, -3.1, 0.2]]}), "probability"),
    ],
)
def test_an_unreadable_answer_says_why(body: bytes, reason: str) -> None:
    assert reason in refused_reason(body)


def test_a_format_nobody_knows_is_named() -> None:
    with pytest.raises(SpecRefused) as refused:
        wire.encode(Pixels(1, 1, 1, b"\0"), digit_spec(format="base64/v9"))
    assert (refused.value.code, refused.value.params) == ("format_unknown", {"format": "base64/v9"})
