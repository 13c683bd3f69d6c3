"""Environments: an image, a conda file or a build context under a name and version. Making a real one of them
is in interpreters.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amlocal.assets.containers import Assets
from amlocal.storage import datastores
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError

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
        asked = properties["build"]
        place = _with_account(context, scope, str(asked.get("contextUri") or ""))
        properties = {**properties, "build": {"dockerfilePath": "Dockerfile", **asked, "contextUri": place}}
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


def _with_account(context: Context, scope: Scope, uri: str) -> str:
    """The SDK keeps host and container of the address it uploaded a build context to; where the account is part of
    the path, that is lost."""
    base = f"{context.settings.public_url}/"
    if not context.settings.is_path_style or not uri.startswith(base) or ".blob." in uri.removeprefix(base):
        return uri
    account, _ = datastores.place_of(context, scope, "workspaceblobstore")
    return f"{context.settings.blob_url(account)}/{uri.removeprefix(base)}"


environments = Assets("environments", prepare)
