"""What an environment asks of a Python, read from wherever it says so: a conda file, a build context, the table of
curated ones. Whether a Python does it is in interpreters.py."""

from __future__ import annotations

import re
from typing import Any

from amlocal.assets import curated
from amlocal.building import conda_files, dockerfiles
from amlocal.building.conda_files import BrokenFile, Wanted
from amlocal.building.context import Context
from amlocal.building.requirement_files import NOTHING, Beside
from amlocal.storage import places
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

_ID = re.compile(r".*/environments/([^/]+)/versions/([^/]+)$", re.IGNORECASE)


def check(context: Context, scope: Scope, environment_id: str) -> None:
    """Raises ArmError 400 for an environment of this workspace that is not there; those of registries are taken on
    trust."""
    name = curated.named_in(environment_id)
    found = _ID.match(environment_id)
    if found is None or (name and (curated.find(name) or "/registries/" in environment_id.lower())):
        return
    if context.store.get("environments", scope, found[1], found[2]) is None:
        raise ArmError(400, "UserError", f"The environment '{found[1]}:{found[2]}' was not found.")


def read(context: Context, scope: Scope, environment_id: str, beside: Beside = NOTHING) -> Wanted | None:
    """None when nothing more is known than an image. `beside` are the files of whoever uses the environment: of a
    conda file nothing but its text comes to Azure. Raises BrokenFile, ArmError and OSError."""
    name = curated.named_in(environment_id)
    if name:
        return of_curated(name)
    found = _ID.match(environment_id)
    record = context.store.get("environments", scope, found[1], found[2]) if found else None
    properties: dict[str, Any] = record.body["properties"] if record else {}
    if properties.get("condaFile"):
        return conda_files.read(str(properties["condaFile"]), beside)
    if properties.get("build"):
        return _read_context(context, scope, properties["build"])
    name = curated.named_by_image(str(properties.get("image") or ""))
    return of_curated(name) if name else None


def title(environment_id: str) -> str:
    """How a person calls it."""
    found = _ID.match(environment_id)
    return f"{found[1]}:{found[2]}" if found else curated.named_in(environment_id) or environment_id


def of_curated(name: str) -> Wanted:
    known = curated.find(name)
    if known is None:
        return Wanted((), skipped=(f"amlocal does not know what the curated environment '{name}' brings.",))
    return Wanted(known.requirements, enough=known.enough, extras=known.extras, variables=known.variables)


def _read_context(context: Context, scope: Scope, build: dict[str, Any]) -> Wanted:
    folder = places.need(context, scope, str(build["contextUri"]))

    def find(path: str) -> str | None:
        place = folder.under(path)
        blob = context.blobs.find(place.account, place.container, place.path)
        return blob.file.read_text() if blob else None

    text = find(str(build["dockerfilePath"]))
    if text is None:
        raise BrokenFile(f"There is no '{build['dockerfilePath']}' in the build context.")
    steps = dockerfiles.read(text, find)
    name = curated.named_by_image(steps.image)
    base = of_curated(name) if name else Wanted(())
    return Wanted(
        base.requirements + steps.requirements,
        steps.python,
        base.skipped + steps.skipped,
        constraints=steps.constraints,
        extras=base.extras,
        variables={**base.variables, **steps.variables},
    )
