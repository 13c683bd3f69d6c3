"""MLflow's model registry over REST, on the same models as ARM's (registered.py): registered models, versions, tags, aliases, stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amlocal import artifacts, places, runs
from amlocal.http import ArmError, Request, Response, json_response
from amlocal.registered import has_files, models
from amlocal.store import Record, Scope

if TYPE_CHECKING:
    from amlocal.context import Context

ALL = 1_000_000


def create_model(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    name = str(asked.get("name") or "")
    if context.store.get(models.container_kind, scope, name) is not None:
        raise ArmError(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
    properties = {"tags": _pairs(asked.get("tags")), "properties": {}, "description": asked.get("description") or ""}
    context.store.put(models.container_kind, scope, name, "", {"properties": {**properties, "isArchived": False}})
    return _answer_model(context, scope, name)


def get_model(context: Context, request: Request, *, scope: Scope) -> Response:
    return _answer_model(context, scope, request.query.get("name"))


def update_model(context: Context, request: Request, *, scope: Scope) -> Response:
    name = str(request.json().get("name"))
    _change_model(
        context, scope, name, lambda properties: properties.update(description=request.json().get("description"))
    )
    return _answer_model(context, scope, name)


def delete_model(context: Context, request: Request, *, scope: Scope) -> Response:
    models.delete_container(context, request, scope=scope, name=str(request.json().get("name")))
    return json_response({})


def search_models(context: Context, request: Request, *, scope: Scope) -> Response:
    """All of them, or those a filter `name = 'x'` or `name LIKE '%x%'` names."""
    wanted = _name_filter(request.query.get("filter"))
    page = context.store.list(
        models.container_kind,
        scope,
        top=request.query.number("max_results", 100),
        skip_token=request.query.get("page_token"),
        accept=lambda record: not record.body["properties"].get("isArchived") and wanted(record.name),
    )
    answer: dict[str, Any] = {"registered_models": [_model(context, scope, record) for record in page.records]}
    if page.next_token:
        answer["next_page_token"] = page.next_token
    return json_response(answer)


def get_latest(context: Context, request: Request, *, scope: Scope) -> Response:
    """The newest version of each stage; `stages` narrows that."""
    asked = {**request.query, **(request.json() if request.method == "POST" else {})}
    stages = asked.get("stages") or []
    found: dict[str, dict[str, Any]] = {}
    for record in context.store.list(models.kind, scope, name=str(asked.get("name")), top=ALL).records:
        version = _version(context, scope, record)
        found.setdefault(version["current_stage"], version)
    return json_response({"model_versions": [found[stage] for stage in found if not stages or stage in stages]})


def set_model_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    _change_model(
        context, scope, str(asked["name"]), lambda properties: properties["tags"].update({asked["key"]: asked["value"]})
    )
    return json_response({})


def delete_model_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    _change_model(context, scope, str(asked["name"]), lambda properties: properties["tags"].pop(asked["key"], None))
    return json_response({})


def set_alias(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    _find_version(context, scope, str(asked["name"]), str(asked["version"]))

    def edit(properties: dict[str, Any]) -> None:
        properties["aliases"] = {**(properties.get("aliases") or {}), asked["alias"]: str(asked["version"])}

    _change_model(context, scope, str(asked["name"]), edit)
    return json_response({})


def delete_alias(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    _change_model(
        context,
        scope,
        str(asked["name"]),
        lambda properties: (properties.get("aliases") or {}).pop(asked["alias"], None),
    )
    return json_response({})


def get_by_alias(context: Context, request: Request, *, scope: Scope) -> Response:
    name, alias = request.query.get("name"), request.query.get("alias")
    version = (_find_model(context, scope, name).body["properties"].get("aliases") or {}).get(alias)
    if version is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Registered model alias {alias} not found.")
    return _answer_version(context, scope, _find_version(context, scope, name, version))


def create_version(context: Context, request: Request, *, scope: Scope) -> Response:
    """A version from a run's artifacts or an upload; its number is one more than the highest."""
    asked = request.json()
    name, source = str(asked.get("name") or ""), str(asked.get("source") or "")
    if source.startswith("mlflow-artifacts:/"):
        source = f"runs:/{source.removeprefix('mlflow-artifacts:/').lstrip('/').replace('/artifacts', '', 1)}"
    place = places.need(context, scope, source)
    is_mlflow = has_files(context, place.under("MLmodel"))
    with context.store.writing():
        container = models.container_to_arm(context, scope, _find_model(context, scope, name))
        properties = {
            "modelUri": source if source.startswith("azureml://datastores") else _datastore_uri(context, scope, source),
            "modelType": "mlflow_model" if is_mlflow else "custom_model",
            "jobName": asked.get("run_id"),
            "description": asked.get("description"),
            "tags": _pairs(asked.get("tags")),
            "properties": {"mlflow.source": str(asked.get("source"))},
        }
        _, record = models.save(context, scope, name, container["properties"]["nextVersion"], properties)
    return _answer_version(context, scope, record)


def get_version(context: Context, request: Request, *, scope: Scope) -> Response:
    return _answer_version(
        context, scope, _find_version(context, scope, request.query.get("name"), request.query.get("version"))
    )


def update_version(context: Context, request: Request, *, scope: Scope) -> Response:
    return _change_version(
        context, request, scope, lambda properties: properties.update(description=request.json().get("description"))
    )


def delete_version(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    record = _find_version(context, scope, str(asked.get("name")), str(asked.get("version")))
    context.store.delete(models.kind, scope, record.name, record.version)
    return json_response({})


def move_version(context: Context, request: Request, *, scope: Scope) -> Response:
    """MLflow's old stages, which Azure still keeps."""
    return _change_version(
        context, request, scope, lambda properties: properties.update(stage=str(request.json().get("stage")))
    )


def set_version_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    return _change_version(
        context, request, scope, lambda properties: properties["tags"].update({asked["key"]: asked["value"]})
    )


def delete_version_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    return _change_version(context, request, scope, lambda properties: properties["tags"].pop(asked["key"], None))


def search_versions(context: Context, request: Request, *, scope: Scope) -> Response:
    """`name = 'x'`, `run_id = 'y'` or everything."""
    text = request.query.get("filter")
    key, _, value = (part.strip() for part in text.partition("="))
    value = value.strip("'\"")
    if text and key not in ("name", "run_id"):
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid model version filter: {text!r}.")
    page = context.store.list(
        models.kind,
        scope,
        name=value if key == "name" else "",
        top=request.query.number("max_results", 1000),
        skip_token=request.query.get("page_token"),
        accept=lambda record: key != "run_id" or record.body["properties"].get("jobName") == value,
    )
    answer: dict[str, Any] = {"model_versions": [_version(context, scope, record) for record in page.records]}
    return json_response({**answer, "next_page_token": page.next_token} if page.next_token else answer)


def get_download_uri(context: Context, request: Request, *, scope: Scope) -> Response:
    record = _find_version(context, scope, request.query.get("name"), request.query.get("version"))
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


def _find_model(context: Context, scope: Scope, name: str) -> Record:
    record = context.store.get(models.container_kind, scope, name)
    if record is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={name} not found.")
    return record


def _find_version(context: Context, scope: Scope, name: str, version: str) -> Record:
    record = context.store.get(models.kind, scope, name, version)
    if record is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={version}) not found.")
    return record


def _change_model(context: Context, scope: Scope, name: str, edit: Callable[[dict[str, Any]], Any]) -> None:
    _find_model(context, scope, name)
    context.store.change(models.container_kind, scope, name, "", lambda body: edit(body["properties"]))


def _change_version(
    context: Context, request: Request, scope: Scope, edit: Callable[[dict[str, Any]], Any]
) -> Response:
    name, version = str(request.json().get("name")), str(request.json().get("version"))
    _find_version(context, scope, name, version)
    context.store.change(models.kind, scope, name, version, lambda body: edit(body["properties"]))
    return _answer_version(context, scope, _find_version(context, scope, name, version))


def _answer_model(context: Context, scope: Scope, name: str) -> Response:
    return json_response({"registered_model": _model(context, scope, _find_model(context, scope, name))})


def _answer_version(context: Context, scope: Scope, record: Record) -> Response:
    return json_response({"model_version": _version(context, scope, record)})


def _model(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    properties = record.body["properties"]
    newest = context.store.list(models.kind, scope, name=record.name, top=1).records
    return {
        "name": record.name,
        "creation_timestamp": record.created_at // 1000,
        "last_updated_timestamp": record.modified_at // 1000,
        "description": properties.get("description") or "",
        "latest_versions": [_version(context, scope, version) for version in newest],
        "tags": [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()],
        "aliases": [
            {"alias": alias, "version": version} for alias, version in (properties.get("aliases") or {}).items()
        ],
    }


def _version(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    properties = record.body["properties"]
    container = context.store.get(models.container_kind, scope, record.name)
    aliases = (container.body["properties"].get("aliases") or {}) if container else {}
    return {
        "name": record.name,
        "version": record.version,
        "creation_timestamp": record.created_at // 1000,
        "last_updated_timestamp": record.modified_at // 1000,
        "current_stage": properties.get("stage") or "None",
        "description": properties.get("description") or "",
        "source": (properties.get("properties") or {}).get("mlflow.source") or properties["modelUri"],
        "run_id": properties.get("jobName") or "",
        "status": "READY",
        "tags": [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()],
        "aliases": [alias for alias, version in aliases.items() if version == record.version],
    }


def _name_filter(text: str) -> Callable[[str], bool]:
    words = text.split(None, 2)
    if not words:
        return lambda name: True
    if len(words) != 3 or words[0] != "name" or words[1].upper() not in ("=", "LIKE", "ILIKE"):
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid registered model filter: {text!r}.")
    value = words[2].strip("'\"").lower()
    if words[1] == "=":
        return lambda name: name.lower() == value
    return lambda name: value.strip("%") in name.lower()


def _pairs(pairs: list[dict[str, Any]] | None) -> dict[str, str]:
    return {str(pair["key"]): str(pair.get("value", "")) for pair in pairs or []}
