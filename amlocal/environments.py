"""Environments: an image, a conda file or a build context under a name and version. Making a real one of them is not
here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amlocal.assets import Assets
from amlocal.http import ArmError
from amlocal.store import Record, Scope

if TYPE_CHECKING:
    from amlocal.context import Context

FIXED = ("image", "condaFile", "build")


def prepare(
    context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any], old: Record | None
) -> dict[str, Any]:
    """An environment is an image (with or without a conda file) or a build context; a version never changes. Raises
    ArmError 400/409."""
    if not properties.get("image") and not properties.get("build"):
        raise ArmError(400, "UserError", "An environment needs an image or a build context.")
    if properties.get("build"):
        properties = {**properties, "build": {"dockerfilePath": "Dockerfile", **properties["build"]}}
    before = old.body["properties"] if old else properties
    if any(before.get(key) != properties.get(key) for key in FIXED):
        raise ArmError(
            409, "UserError", f"Environment {name}:{version} exists already and is different: take another version."
        )
    return {
        "osType": "Linux",
        **properties,
        "environmentType": "UserCreated",
        "provisioningState": "Succeeded",
    }


environments = Assets("environments", prepare)
