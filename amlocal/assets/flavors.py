"""The flavours of an MLflow model, from the file MLmodel beside it. Only YAML as MLflow writes it is understood."""

from __future__ import annotations

import re

from amlocal.arm.context import Context
from amlocal.storage import places

LARGEST_FILE = 4 * 1024 * 1024
_LINE = re.compile(r"^(?P<indent> *)(?P<name>[^\s:#][^:]*):(?:\s+(?P<value>.*))?$")


def find(context: Context, place: places.Place) -> dict[str, dict[str, dict[str, str]]]:
    """`{"sklearn": {"data": {"pickled_model": "model.pkl"}}}` as ARM has it; empty where there is no MLmodel."""
    file = place.under("MLmodel")
    blob = context.blobs.find(file.account, file.container, file.path)
    if blob is None or blob.size > LARGEST_FILE:
        return {}
    text = b"".join(context.blobs.read_pieces(blob)).decode(errors="replace")
    return {name: {"data": data} for name, data in read(text).items()}


def read(text: str) -> dict[str, dict[str, str]]:
    """What stands under `flavors:`, by flavour. A name below a name is written with a dot: `env.conda`."""
    found: dict[str, dict[str, str]] = {}
    is_inside, flavor, parent = False, "", ""
    for line in text.splitlines():
        parts = _LINE.match(line)
        if parts is None:
            continue
        depth, name, value = len(parts["indent"]) // 2, parts["name"].strip("'\""), parts["value"] or ""
        if depth == 0:
            is_inside = name == "flavors"
        elif is_inside and depth == 1:
            flavor, found[name] = name, {}
        elif is_inside and flavor:
            parent = name if depth == 2 else parent
            if value and value != "null":
                found[flavor][name if depth == 2 else f"{parent}.{name}"] = value.strip("'\"")
    return found
