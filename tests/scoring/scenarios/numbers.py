"""A second kind of prediction for the tests: a JSON list of numbers goes in, one number comes out."""

import json

from scoring.errors import EndpointAnswer, InputRefused
from scoring.kinds.contract import Presentation
from scoring.wire import Request

NAME = "numbers"
FIELD = "numbers"
ACCEPT = ""
MISSING = "numbers_missing"
TEXTS = {
    "numbers_missing": ("No numbers", "No numbers were sent.", "Type some."),
    "numbers_unreadable": ("No numbers", "This is not a list of {count} numbers.", ""),
}


class NumbersRefused(InputRefused):
    """The text is not a list of as many numbers as the network takes."""

    codes = frozenset({"numbers_unreadable"})


def read_spec(document):
    return {"count": int(document["count"]), "unit": str(document["unit"])}


def prepare_input(data, spec, limits):
    try:
        given = json.loads(data)
    except ValueError as error:
        raise NumbersRefused("numbers_unreadable", count=spec["count"]) from error
    if not isinstance(given, list) or len(given) != spec["count"]:
        raise NumbersRefused("numbers_unreadable", count=spec["count"])
    return given


def encode_request(given, spec):
    return Request(json.dumps({"rows": [given]}).encode(), "application/json")


def decode_answer(body, spec):
    try:
        return f"{json.loads(body)['values'][0]:.1f} {spec['unit']}"
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EndpointAnswer("answer_unreadable", reason="there is no value") from error


def present_answer(answer, given):
    return Presentation([(answer, None)], {"count": len(given), "largest": max(given)})
