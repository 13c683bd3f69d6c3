"""A job's named outputs: where each lies, what the command is told, the upload, the asset it becomes. Logs and
./outputs, which every job has, are under the output `default`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amlocal.assets.containers import Assets
from amlocal.assets.data import data
from amlocal.assets.registered import models
from amlocal.building.context import Context
from amlocal.storage import materials, places
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

DEFAULT = "default"
_STORE = "azureml://datastores/workspaceblobstore/paths/azureml"


def place_all(job: str, asked: Mapping[str, dict[str, Any] | None]) -> dict[str, dict[str, Any]]:
    """Every output with its URI: the one asked for, with `${{name}}` and `${{output_name}}` filled in, or our own."""
    found = {DEFAULT: _described({"uri": places.run_artifacts_uri(job)})}
    for name, wanted in asked.items():
        output = _described(wanted or {})
        own = f"{_STORE}/{job}/{name}/" + (name if output["jobOutputType"] == "uri_file" else "")
        uri = str(output.get("uri") or own)
        output["uri"] = uri.replace("${{name}}", job).replace("${{output_name}}", name)
        found[name] = output
    return found


def named(properties: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    outputs = properties.get("outputs") or {}
    return {name: output for name, output in outputs.items() if name != DEFAULT}


def values(context: Context, scope: Scope, properties: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """What the command is told: a path below `folder`, or in mode Direct the long URI. Raises materials.Missing where
    nothing can be written in the end: before the work, not after it."""
    found = {}
    for name, output in named(properties).items():
        if output["mode"] == "Direct":
            found[name] = places.to_datastore_uri(context, scope, str(output["uri"]))
            continue
        try:
            places.need(context, scope, output["uri"])
        except ArmError as exc:
            raise materials.Missing(f"The output '{name}' cannot be written: {exc.message}") from exc
        found[name] = str(_local(context, scope, name, output, folder))
    return found


def upload(context: Context, scope: Scope, properties: Mapping[str, Any], folder: Path) -> None:
    """Whatever there is; an output that the command did not write, or that it writes itself, is left out."""
    for name, output in named(properties).items():
        if output["mode"] == "Direct":
            continue
        source = _local(context, scope, name, output, folder)
        if source.exists():
            place = places.need(context, scope, output["uri"])
            # Beside the named outputs lies what the job works in, and a link to that is as good as the file.
            materials.upload(context.blobs, source, place, within=folder.parent)


def register(context: Context, scope: Scope, job: str, properties: Mapping[str, Any]) -> None:
    """Outputs that were given an asset's name become a version of it. Raises ArmError."""
    for output in named(properties).values():
        asset = output.get("assetName")
        if not asset:
            continue
        kind = str(output["jobOutputType"])
        assets, facts = _asset(kind, str(output["uri"]))
        version = str(output.get("assetVersion") or context.store.highest_number(assets.kind, scope, asset) + 1)
        told = {"description": output.get("description"), "jobName": job if assets is models else None}
        assets.save(context, scope, asset, version, {**facts, **told})


def to_arm(properties: Mapping[str, Any], *, is_final: bool) -> dict[str, dict[str, Any]]:
    """As a job's answer has them. The SDK sends `assetVersion`, and its own model of an answer does not know it.

    `default` is told once the job has ended: before, `jobs.stream` would list the logs there and sign them with what
    it takes for an account key, but may be a signature.
    """
    return {
        name: {key: value for key, value in output.items() if key != "assetVersion"}
        for name, output in (properties.get("outputs") or {}).items()
        if is_final or name != DEFAULT
    }


def _asset(kind: str, uri: str) -> tuple[Assets, dict[str, str]]:
    if kind.endswith("_model"):
        return models, {"modelType": kind, "modelUri": uri}
    return data, {"dataType": kind, "dataUri": uri}


def _described(wanted: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in wanted.items() if value is not None}
    return {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", **told}


def _local(context: Context, scope: Scope, name: str, output: dict[str, Any], folder: Path) -> Path:
    if output["jobOutputType"] != "uri_file":
        return folder / name
    return folder / name / places.need(context, scope, output["uri"]).base_name
