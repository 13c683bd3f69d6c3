"""The folders of a deployment, `{root}/{number}/{generation}`: one for each time it was laid out anew, with the logs
and the marks of its processes. Which generation serves is decided in fleets.py."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amlocal import processes
from amlocal.building.context import Context
from amlocal.storage.store import Record, Scope

WARNINGS = "amlocal.warnings"


def place(root: Path, number: int, generation: int) -> Path:
    return root / str(number) / str(generation)


def newest_first(root: Path, number: int) -> list[Path]:
    folders = [folder for folder in (root / str(number)).glob("*") if folder.name.isdigit()]
    return sorted(folders, key=lambda folder: -int(folder.name))


def following(root: Path, number: int) -> int:
    return 1 + max((int(folder.name) for folder in newest_first(root, number)), default=0)


def end_strays(root: Path, number: int, *, keep: int, instances: int = 0) -> None:
    """Ends the processes of starts that were not finished, or of generations no longer wanted; of the generation to
    keep, those beyond the first `instances`."""
    for folder in newest_first(root, number):
        first = instances if int(folder.name) == keep else 0
        places = [place for place in folder.glob("instances/*") if int(place.name) >= first]
        found = [processes.find(place) for place in places]
        processes.end_all([child for child in found if child is not None])


def clear(root: Path, number: int, *, keep: int) -> None:
    for folder in newest_first(root, number):
        if int(folder.name) != keep:
            shutil.rmtree(folder, ignore_errors=True)


def forget(root: Path, number: int) -> None:
    end_strays(root, number, keep=0)
    shutil.rmtree(root / str(number), ignore_errors=True)


def note(context: Context, scope: Scope, record: Record, generation: int, warnings: Sequence[str]) -> None:
    """Writes down which generation serves, and among the deployment's properties what may be in its model's way."""

    def edit(body: dict[str, Any]) -> None:
        body["generation"] = generation
        own = {key: value for key, value in (body["properties"].get("properties") or {}).items() if key != WARNINGS}
        body["properties"]["properties"] = {**own, **({WARNINGS: " ".join(warnings)} if warnings else {})}

    context.store.change("deployments", scope, record.name, record.version, edit)
