"""Tells, for an MLflow model deployed without code, what may be sent and what comes back: the inference server's own
OpenAPI documents, filled from the model's signature. It runs in the deployment's Python; amlocal never imports it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import azureml_inference_server_http.server

# A larger tensor is shown with one value only.
EXAMPLE_VALUES = 4096
TEMPLATES = Path(azureml_inference_server_http.server.__file__).parent
# OpenAPI's words for MLflow's types, and an example.
TYPES = {
    "boolean": ({"type": "boolean"}, False),
    "integer": ({"type": "integer", "format": "int32"}, 0),
    "long": ({"type": "integer", "format": "int64"}, 0),
    "float": ({"type": "number", "format": "float"}, 0.0),
    "double": ({"type": "number", "format": "double"}, 0.0),
    "string": ({"type": "string"}, "text"),
    "binary": ({"type": "string", "format": "byte"}, ""),
    "datetime": ({"type": "string", "format": "date-time"}, "2000-01-01T00:00:00Z"),
}


def write(folder, signature):
    """swagger2.json, swagger3.json and swagger3.1.json, where the server looks for a script's own."""
    asked, answered = request_schema(signature), answer_schema(signature.outputs if signature else None)
    for version, template in (("2", "2"), ("3", "3"), ("3.1", "3")):
        text = (TEMPLATES / f"swagger{template}_template.json").read_text()
        for word, value in (("SERVICE_NAME", "ML service"), ("SERVICE_VERSION", "1.0"), ("PATH_PREFIX", "")):
            text = text.replace(f"${word}$", value)
        document = json.loads(text)
        schemas = document["definitions"] if version == "2" else document["components"]["schemas"]
        schemas |= {"ServiceInput": asked, "ServiceOutput": answered}
        if version == "3.1":
            document["openapi"] = "3.1.0"
        (Path(folder) / f"swagger{version}.json").write_text(json.dumps(document))


def request_schema(signature):
    value, example = input_schema(signature.inputs if signature else None)
    properties, examples = {"input_data": value}, {"input_data": example}
    if signature and getattr(signature, "params", None):
        told = {param.name: kind_of(param.dtype)[0] for param in signature.params.params}
        properties["params"] = {"type": "object", "properties": told}
        examples["params"] = {param.name: param.default for param in signature.params.params}
    # A default may be what JSON has no word for.
    examples = json.loads(json.dumps(examples, default=str))
    return {"type": "object", "required": ["input_data"], "properties": properties, "example": examples}


def input_schema(schema):
    """What goes under `input_data`, with an example."""
    if schema is None:
        return {"type": "object"}, {}
    if schema.is_tensor_spec():
        tensors = {spec.name: tensor(spec) for spec in schema.inputs}
        if list(tensors) == [None]:
            return tensors[None]
        named = {"type": "object", "properties": {name: told for name, (told, _) in tensors.items()}}
        return named, {name: example for name, (_, example) in tensors.items()}
    kinds = [kind_of(column.type) for column in schema.inputs]
    names = [column.name for column in schema.inputs]
    if None in names:
        return {"type": "array", "items": {"type": "array", "items": kinds[0][0]}}, [[example for _, example in kinds]]
    columns = ", ".join(
        f"{name} ({getattr(column.type, 'name', column.type)})"
        for name, column in zip(names, schema.inputs, strict=True)
    )
    properties = {
        "columns": {"type": "array", "items": {"type": "string"}},
        "index": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "items": {"type": "array", "items": {}}},
    }
    table = {"type": "object", "description": f"A table in split orientation: {columns}", "properties": properties}
    return table, {"columns": names, "index": [0], "data": [[example for _, example in kinds]]}


def answer_schema(schema):
    if schema is None:
        return {"type": "object"}
    if schema.is_tensor_spec():
        tensors = {spec.name: tensor(spec)[0] for spec in schema.inputs}
        return tensors[None] if list(tensors) == [None] else {"type": "object", "properties": tensors}
    columns = {column.name: kind_of(column.type)[0] for column in schema.inputs}
    items = columns.get(None, {"type": "object", "properties": columns})
    return {"type": "array", "items": items}


def tensor(spec):
    """Nested arrays, as deep as the tensor."""
    told, example = {"type": "string"}, "text"
    if spec.type.kind in "iufb":
        told = {"i": {"type": "integer"}, "u": {"type": "integer"}, "f": {"type": "number"}, "b": {"type": "boolean"}}[
            spec.type.kind
        ]
        example = {"b": False, "f": 0.0}.get(spec.type.kind, 0)
    sizes = [max(size, 1) for size in spec.shape]
    is_small = math.prod(sizes) <= EXAMPLE_VALUES
    for size in reversed(sizes):
        told, example = {"type": "array", "items": told}, [example] * (size if is_small else 1)
    return told, example


def kind_of(kind):
    """Arrays, objects and maps of MLflow are told as an object."""
    return TYPES.get(str(getattr(kind, "name", kind)).lower(), ({"type": "object"}, {}))
