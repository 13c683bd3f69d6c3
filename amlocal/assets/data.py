"""Data assets: names and versions for files, folders and tables that lie in a datastore."""

from __future__ import annotations

from typing import Any

from amlocal.arm.context import Context
from amlocal.assets import containers
from amlocal.assets.containers import Assets
from amlocal.storage import datastores
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError

TYPES = ("uri_file", "uri_folder", "mltable")


def prepare(
    context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any], old: Record | None
) -> dict[str, Any]:
    """Only description, tags and archiving of a version may change. Raises ArmError 400/409."""
    kind, uri = properties.get("dataType"), properties.get("dataUri")
    if kind not in TYPES:
        raise ArmError(400, "UserError", f"dataType is {kind!r}; it can be {', '.join(TYPES)}.")
    if not uri:
        raise ArmError(400, "UserError", "dataUri is missing: it says where the data lies.")
    uri = datastores.full_uri(scope, uri)
    if old is not None and old.body["properties"]["dataUri"] != uri:
        raise containers.immutable("data version", "data uri")
    return {**properties, "dataUri": uri}


data = Assets("data", prepare, shared=("dataType",))
