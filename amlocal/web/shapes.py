"""What a JSON body may look like: a shape, and the body read by it. The shapes themselves are in request_shapes.py,
what the values mean is in each handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amlocal.web.http import ArmError

LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Each:
    """An object whose names are free and whose values all have one shape."""

    shape: Any


# An int, a str, a bool; dict and list with anything in them; [shape]; Each(shape); {"name": shape}, where other names
# are let through and `name!` must be there.
Shape = Any


def read(value: Any, shape: Shape, place: str = "") -> Any:
    """The value as the shape has it: numbers in text become numbers, as Azure's own reader does, and the other way
    round. null is nothing said, of whatever shape. Raises ArmError 400."""
    if value is None:
        return None
    if isinstance(shape, dict):
        return _read_fields(_need(value, dict, place), shape, place)
    if isinstance(shape, Each):
        members = _need(value, dict, place).items()
        found = {name: read(member, shape.shape, f"{place}.{name}") for name, member in members}
        return {name: member for name, member in found.items() if member is not None or isinstance(shape.shape, dict)}
    if isinstance(shape, list):
        members = enumerate(_need(value, list, place))
        return [read(one, shape[0], f"{place}[{index}]") for index, one in members if one is not None]
    return _SCALARS[shape](value, place) if shape in _SCALARS else _need(value, shape, place)


def _read_fields(value: dict[str, Any], shape: dict[str, Shape], place: str) -> dict[str, Any]:
    found = dict(value)
    for word, field in shape.items():
        name = word.rstrip("!")
        inside = f"{place}.{name}" if place else name
        if word.endswith("!") and value.get(name) is None:
            raise ArmError(400, "InvalidRequestContent", f"The request content has no '{inside}'.")
        if name in value:
            found[name] = read(value[name], field, inside)
    return found


def _read_text(value: Any, place: str) -> str:
    if isinstance(value, dict | list):
        raise _refusal(place, "a string", value)
    return str(value)


def _read_whole(value: Any, place: str) -> int | None:
    if value == "":
        return None
    text = str(value).removeprefix("-")
    if isinstance(value, int | str) and not isinstance(value, bool) and text.isascii() and text.isdigit():
        number = int(value) if len(text) < 20 else LARGEST + 1
        if abs(number) <= LARGEST:
            return number
    raise _refusal(place, "a whole number", value)


def _read_flag(value: Any, place: str) -> bool:
    known = {True: True, False: False, "true": True, "false": False, "True": True, "False": False}
    if not isinstance(value, bool | str) or value not in known:
        raise _refusal(place, "true or false", value)
    return known[value]


def _need(value: Any, kind: Any, place: str) -> Any:
    if not isinstance(value, kind):
        raise _refusal(place, "an object" if kind is dict else "an array", value)
    return value


def _refusal(place: str, wanted: str, value: Any) -> ArmError:
    shown = repr(value)
    shown = shown if len(shown) < 80 else f"{shown[:80]}…"
    sentence = f"The request content was invalid and could not be deserialized: {shown} is not {wanted}."
    return ArmError(400, "InvalidRequestContent", f"{sentence} Path '{place}'.")


_SCALARS: dict[Any, Any] = {str: _read_text, int: _read_whole, bool: _read_flag}
