"""MLflow's model versions over REST, on the same versions as ARM's (registered.py): create, read, tags, stages, where
the files are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from amlocal.arm.context import Context
from amlocal.assets.registered import has_files, models
from amlocal.storage import places
from amlocal.storage.store import Record, Scope
from amlocal.tracking import artifacts, mlflow_names, registry_searches, runs
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

STAGES = ("None", "Staging", "Production", "Archived")
# What MLflow's copy_model_version gives as the source.
_COPY = re.compile(r"models:/([^/@]+)/([^/@]+)$")


def create(context: Context, request: Request, *, scope: Scope) -> Response:
    """A version from a run's artifacts or an upload; its number is one more than the highest. The model comes with its
    first version where there is none, as Microsoft's samples expect."""
    asked = request.json()
    name, source = read_name(asked), str(asked.get("source") or "")
    if source.startswith("mlflow-artifacts:/"):
        source = "runs:/{}/{}".format(*artifacts.read_proxied(source.removeprefix("mlflow-artifacts:/")))
    copied = _COPY.match(source)
    if copied is not None:
        source = str(find(context, scope, copied[1], copied[2]).body["properties"]["modelUri"])
    place = places.need(context, scope, source)
    is_mlflow = has_files(context, place.under("MLmodel"))
    with context.store.writing():
        version = context.store.highest_number(models.kind, scope, name) + 1
        properties = {
            "modelUri": source if source.startswith("azureml://datastores") else _datastore_uri(context, scope, source),
            "modelType": "mlflow_model" if is_mlflow else "custom_model",
            "jobName": asked.get("run_id"),
            "description": asked.get("description"),
            "tags": check_tags(pairs(asked.get("tags"))),
            "properties": {"mlflow.source": str(asked.get("source"))},
        }
        _, record = models.save(context, scope, name, str(version), properties)
    return answer(context, scope, record)


def read_name(asked: dict[str, Any]) -> str:
    """Raises ArmError 400 when it cannot be the name of a model."""
    name = str(asked.get("name") or "")
    if told := names.ASSET.broken(name):
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid model name. {told}")
    return name


def get(context: Context, request: Request, *, scope: Scope) -> Response:
    return answer(context, scope, find(context, scope, request.query.get("name"), request.query.get("version")))


def update(context: Context, request: Request, *, scope: Scope) -> Response:
    return _change(
        context, request, scope, lambda properties: properties.update(description=request.json().get("description"))
    )


def delete(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    record = find(context, scope, str(asked.get("name")), str(asked.get("version")))
    with context.store.writing():
        context.store.delete(models.kind, scope, record.name, record.version)
        context.store.change(models.container_kind, scope, record.name, "", lambda body: _drop(body, record.version))
    return json_response({})


def _drop(body: dict[str, Any], version: str) -> None:
    aliases = body["properties"].get("aliases") or {}
    body["properties"]["aliases"] = {alias: known for alias, known in aliases.items() if known != version}


def move(context: Context, request: Request, *, scope: Scope) -> Response:
    """MLflow's old stages, which Azure still keeps; `archive_existing_versions` makes room in the new one."""
    asked, stage = request.json(), read_stage(str(request.json().get("stage") or ""))
    with context.store.writing():
        record = find(context, scope, str(asked.get("name")), str(asked.get("version")))
        if asked.get("archive_existing_versions") in (True, "true"):
            for other in context.store.list(models.kind, scope, name=record.name, top=1_000_000).records:
                if stage_of(other) == stage and other.version != record.version:
                    _set_stage(context, scope, other, "Archived")
        _set_stage(context, scope, record, stage)
    return answer(context, scope, find(context, scope, record.name, record.version))


def _set_stage(context: Context, scope: Scope, record: Record, stage: str) -> None:
    context.store.change(
        models.kind, scope, record.name, record.version, lambda body: body["properties"].update(stage=stage)
    )


def stage_of(record: Record) -> str:
    return str(record.body["properties"].get("stage") or "None")


def read_stage(text: str) -> str:
    """MLflow's own spelling of a stage. Raises ArmError 400."""
    if text.capitalize() not in STAGES:
        sentence = f"Invalid Model Version stage: {text}. Value must be one of {', '.join(STAGES)}."
        raise ArmError(400, "INVALID_PARAMETER_VALUE", sentence)
    return text.capitalize()


def set_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    check_tags({asked["key"]: asked.get("value") or ""})
    return _change(
        context, request, scope, lambda properties: properties["tags"].update({asked["key"]: asked.get("value") or ""})
    )


def delete_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    return _change(context, request, scope, lambda properties: properties["tags"].pop(asked["key"], None))


def search(context: Context, request: Request, *, scope: Scope) -> Response:
    """By name, run_id, source_path, version_number and tags; newest first, or as `order_by` says."""
    keys: dict[str, Callable[[Record], Any]] = {
        "name": lambda record: record.name,
        "run_id": lambda record: record.body["properties"].get("jobName") or "",
        "source_path": _source_path,
        "version_number": lambda record: int(record.version) if record.version.isdecimal() else None,
    }
    search = registry_searches.Search(models.kind, scope, "model_versions", keys, most=10_000)
    return registry_searches.answer(context, request, search, lambda record: to_mlflow(context, scope, record))


def get_download_uri(context: Context, request: Request, *, scope: Scope) -> Response:
    record = find(context, scope, request.query.get("name"), request.query.get("version"))
    return json_response({"artifact_uri": _source(context, request, scope, record)})


def _source(context: Context, request: Request, scope: Scope, record: Record) -> str:
    """Where an MLflow client finds the files: below the run when the version came from one."""
    job, place = (
        record.body["properties"].get("jobName"),
        places.need(context, scope, record.body["properties"]["modelUri"]),
    )
    with context.store.reading() as connection:
        run = runs.find(connection, scope.key, str(job)) if job else None
    if run is not None:
        root = places.run_artifacts(context, scope, run.id).path
        if place.path.startswith(f"{root}/"):
            return f"{artifacts.run_uri(context, request, scope, run)}/{place.path.removeprefix(f'{root}/')}"
    return f"azureml://artifacts/{place.path}"


def _datastore_uri(context: Context, scope: Scope, source: str) -> str:
    found = places.need(context, scope, source)
    if source.startswith("azureml://artifacts/"):
        return f"azureml://datastores/workspaceblobstore/paths/{found.path}"
    return f"azureml://datastores/{places.ARTIFACT_STORE}/paths/{found.path}"


def find_model(context: Context, scope: Scope, name: str) -> Record:
    record = context.store.get(models.container_kind, scope, name)
    if record is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={name} not found.")
    return record


def find(context: Context, scope: Scope, name: str, version: str) -> Record:
    record = context.store.get(models.kind, scope, name, version)
    if record is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={version}) not found.")
    return record


def _change(context: Context, request: Request, scope: Scope, edit: Callable[[dict[str, Any]], Any]) -> Response:
    name, version = str(request.json().get("name")), str(request.json().get("version"))
    find(context, scope, name, version)
    context.store.change(models.kind, scope, name, version, lambda body: edit(body["properties"]))
    return answer(context, scope, find(context, scope, name, version))


def answer(context: Context, scope: Scope, record: Record) -> Response:
    return json_response({"model_version": to_mlflow(context, scope, record)})


def to_mlflow(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    properties = record.body["properties"]
    container = context.store.get(models.container_kind, scope, record.name)
    aliases = (container.body["properties"].get("aliases") or {}) if container else {}
    return {
        "name": record.name,
        "version": record.version,
        "creation_timestamp": record.created_at // 1000,
        "last_updated_timestamp": record.modified_at // 1000,
        "current_stage": stage_of(record),
        "description": properties.get("description") or "",
        "source": _source_path(record),
        "run_id": properties.get("jobName") or "",
        "status": "READY",
        "tags": [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()],
        "aliases": [alias for alias, version in aliases.items() if version == record.version],
    }


def _source_path(record: Record) -> str:
    properties = record.body["properties"]
    return str((properties.get("properties") or {}).get("mlflow.source") or properties["modelUri"])


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """The tags of a model or a version, as they are. Raises ArmError 400."""
    for name, value in tags.items():
        mlflow_names.check_tag(name, value, longest=mlflow_names.LONGEST_MODEL_TAG)
    return tags


def pairs(pairs: list[dict[str, Any]] | None) -> dict[str, str]:
    return {str(pair["key"]): str(pair.get("value", "")) for pair in pairs or []}
