"""Compares an answer with the SDK's own typed models: tells unknown fields and missing required ones, at any depth.

Releases before these models judge by their own clients alone."""

from __future__ import annotations

import inspect
from typing import Any

try:
    from azure.ai.ml._restclient.arm_ml_service import models
    from azure.ai.ml._restclient.arm_ml_service._utils.model_base import Model
except ImportError:
    models = Model = None


def check(model: str, wire: dict[str, Any]) -> list[str]:
    """What is wrong with `wire` as an instance of the SDK's `model`; an empty list when nothing is."""
    if models is None:
        return []
    cls = getattr(models, model)
    return list(_problems(cls._deserialize(wire, []), wire, model))


def _problems(parsed: Model, wire: dict[str, Any], place: str) -> Any:
    fields = {field._rest_name: (name, field) for name, field in parsed._attr_to_rest_field.items()}
    for key in wire:
        if key not in fields:
            yield f"{place}.{key} is unknown to {type(parsed).__name__}"
    for rest_name, (name, field) in fields.items():
        value = wire.get(rest_name)
        if value is None:
            if _is_required(type(parsed), name) and "read" in (field._visibility or ["read"]):
                yield f"{place}.{rest_name} is missing"
            continue
        yield from _compare(getattr(parsed, name), value, f"{place}.{rest_name}")


def _compare(parsed: Any, wire: Any, place: str) -> Any:
    if isinstance(parsed, Model) and isinstance(wire, dict):
        yield from _problems(parsed, wire, place)
    elif isinstance(parsed, list) and isinstance(wire, list):
        for number, (one, other) in enumerate(zip(parsed, wire, strict=True)):
            yield from _compare(one, other, f"{place}[{number}]")
    elif isinstance(parsed, dict) and isinstance(wire, dict):
        for key, one in parsed.items():
            yield from _compare(one, wire[key], f"{place}.{key}")


def _is_required(cls: type, name: str) -> bool:
    for parent in cls.__mro__:
        annotation = inspect.get_annotations(parent).get(name)
        if annotation is not None:
            return "Optional[" not in str(annotation) and "None" not in str(annotation)
    return False
