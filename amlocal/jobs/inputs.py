"""What a job finds on disk before it starts: its code, its inputs, empty folders for its outputs. What it leaves there
is in outputs.py."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlocal.building.context import Context
from amlocal.jobs import outputs
from amlocal.storage import homes, materials, places
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError


def lay_out(context: Context, scope: Scope, properties: dict[str, Any], folder: Path) -> None:
    """Makes the job's folder anew: work (code), home, inputs, named (outputs). Raises materials.Missing."""
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "work"
    work.mkdir(parents=True)
    homes.make(folder / "home")
    code = properties.get("codeId")
    if code:
        name, version = str(code).split("/")[-3], str(code).split("/")[-1]
        record = context.store.get("codes", scope, name, version)
        if record is None:
            raise materials.Missing(f"The code '{code}' was not found.")
        place = places.need(context, scope, str(record.body["properties"]["codeUri"]))
        materials.copy(context.blobs, place, work)
    for name in ("outputs", "logs"):
        (work / name).mkdir(exist_ok=True)
    for name, asked in (properties.get("inputs") or {}).items():
        if asked.get("jobInputType") != "literal" and asked.get("mode") != "Direct" and asked.get("uri"):
            materials.fetch(context, scope, str(asked["uri"]), folder / "inputs" / name)
    for name in outputs.named(properties):
        (folder / "named" / name).mkdir(parents=True)


def copy_to_nodes(nodes: Sequence[Path]) -> None:
    """Each further node gets a working folder like that of the first, and a home of its own."""
    for node in nodes[1:]:
        shutil.copytree(nodes[0] / "work", node / "work", symlinks=True)
        homes.make(node / "home")


def read_values(context: Context, scope: Scope, properties: dict[str, Any], folder: Path) -> dict[str, str]:
    """What stands for `${{inputs.x}}` in the command: a literal, a path, or the URI of a direct input: the long one, as
    no program can open an asset's id. Raises materials.Missing."""
    values = {}
    for name, asked in (properties.get("inputs") or {}).items():
        inside = folder / "inputs" / name
        if asked.get("jobInputType") == "literal":
            values[name] = str(asked.get("value", ""))
        elif inside.is_dir():
            values[name] = str(next(inside.iterdir()))
        elif asked.get("uri"):
            values[name] = _find_uri(context, scope, str(asked["uri"]))
    return values


def list_literals(properties: dict[str, Any]) -> list[str]:
    """The inputs that are no files: numbers, words, flags."""
    given = (properties.get("inputs") or {}).items()
    return [name for name, asked in given if asked.get("jobInputType") == "literal"]


def _find_uri(context: Context, scope: Scope, uri: str) -> str:
    try:
        return places.to_datastore_uri(context, scope, uri)
    except ArmError as exc:
        raise materials.Missing(exc.message) from exc
