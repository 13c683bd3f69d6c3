"""Registered models: versions made from uploads, datastore paths and job outputs. What they share with other assets is
in containers.py, MLflow's view in registry.py."""

from __future__ import annotations

from typing import Any

from amlocal.arm.context import Context
from amlocal.assets import containers, flavors
from amlocal.assets.containers import Assets
from amlocal.storage import materials, places
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError

TYPES = ("custom_model", "mlflow_model", "triton_model")


def prepare(
    context: Context, scope: Scope, name: str, version: str, properties: dict[str, Any], old: Record | None
) -> dict[str, Any]:
    """A job's output becomes the datastore path it lies at, as Azure answers it. A version's files never change.
    Raises ArmError 400/409."""
    kind = properties.get("modelType") or "custom_model"
    if kind not in TYPES:
        raise ArmError(400, "UserError", f"modelType is {kind!r}; it can be {', '.join(TYPES)}.")
    if not properties.get("modelUri"):
        raise ArmError(400, "UserError", "modelUri is missing: it says where the model's files lie.")
    uri = places.to_datastore_uri(context, scope, str(properties["modelUri"]))
    if old is not None and old.body["properties"]["modelUri"] != uri:
        raise containers.immutable("model version", "model uri")
    place = places.need(context, scope, uri)
    if old is None and not has_files(context, place):
        raise ArmError(400, "UserError", f"There are no files at '{properties['modelUri']}'.")
    told = properties.get("flavors") or (old.body["properties"]["flavors"] if old else None)
    found = told or (flavors.find(context, place) if kind == "mlflow_model" else {})
    return {**properties, "flavors": found, "modelType": kind, "modelUri": uri, "provisioningState": "Succeeded"}


def has_files(context: Context, place: places.Place) -> bool:
    if context.blobs.find(place.account, place.container, place.path) is not None:
        return True
    return next(materials.iterate(context.blobs, place.account, place.container, f"{place.path}/"), None) is not None


models = Assets("models", prepare)
