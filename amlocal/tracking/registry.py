"""MLflow's registered models over REST, on the same models as ARM's: names, tags, aliases. Their versions are in
registry_versions.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amlocal.arm.context import Context
from amlocal.assets.registered import models
from amlocal.storage.store import Record, Scope
from amlocal.tracking import mlflow_names, registry_searches, registry_versions
from amlocal.web.http import ArmError, Request, Response, json_response

ALL = 1_000_000


def create_model(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    name = registry_versions.read_name(asked)
    if context.store.get(models.container_kind, scope, name) is not None:
        raise ArmError(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
    tags = registry_versions.check_tags(registry_versions.pairs(asked.get("tags")))
    properties = {
        "tags": tags,
        "properties": {},
        "description": asked.get("description") or "",
    }
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
    name = registry_versions.find_model(context, scope, str(request.json().get("name"))).name
    models.delete_container(context, request, scope=scope, name=name)
    return json_response({})


def rename_model(context: Context, request: Request, *, scope: Scope) -> Response:
    """Registered models of Azure are immutable: Microsoft's documents say so. The error's code is a guess."""
    registry_versions.find_model(context, scope, str(request.json().get("name")))
    raise ArmError(400, "INVALID_PARAMETER_VALUE", "Azure Machine Learning does not rename registered models.")


def search_models(context: Context, request: Request, *, scope: Scope) -> Response:
    """By name and tags; newest first, or as `order_by` says. More than Azure can: that knows `name = 'x'` only."""
    return registry_searches.answer(
        context,
        request,
        registry_searches.Search(
            models.container_kind, scope, "registered_models", {"name": lambda record: record.name}, most=100
        ),
        lambda record: _model(context, scope, record),
    )


def get_latest(context: Context, request: Request, *, scope: Scope) -> Response:
    """The newest version of each stage; `stages` narrows that."""
    asked = request.json() if request.method == "POST" else {**request.query}
    wanted = asked.get("stages") if request.method == "POST" else registry_searches.read_repeated(request, "stages")
    stages = [registry_versions.read_stage(stage) for stage in wanted or []]
    name = registry_versions.find_model(context, scope, str(asked.get("name"))).name
    found = _latest(context, scope, name)
    return json_response({"model_versions": [one for one in found if not stages or one["current_stage"] in stages]})


def set_model_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    registry_versions.check_tags({asked["key"]: asked.get("value") or ""})
    _change_model(
        context,
        scope,
        str(asked["name"]),
        lambda properties: properties["tags"].update({asked["key"]: asked.get("value") or ""}),
    )
    return json_response({})


def delete_model_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    _change_model(context, scope, str(asked["name"]), lambda properties: properties["tags"].pop(asked["key"], None))
    return json_response({})


def set_alias(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    mlflow_names.check_alias(asked["alias"])
    registry_versions.find(context, scope, str(asked["name"]), str(asked["version"]))

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
    version = (registry_versions.find_model(context, scope, name).body["properties"].get("aliases") or {}).get(alias)
    if version is None:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Registered model alias {alias} not found.")
    return registry_versions.answer(context, scope, registry_versions.find(context, scope, name, version))


def _change_model(context: Context, scope: Scope, name: str, edit: Callable[[dict[str, Any]], Any]) -> None:
    registry_versions.find_model(context, scope, name)
    context.store.change(models.container_kind, scope, name, "", lambda body: edit(body["properties"]))


def _answer_model(context: Context, scope: Scope, name: str) -> Response:
    return json_response(
        {"registered_model": _model(context, scope, registry_versions.find_model(context, scope, name))}
    )


def _model(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    properties = record.body["properties"]
    return {
        "name": record.name,
        "creation_timestamp": record.created_at // 1000,
        "last_updated_timestamp": record.modified_at // 1000,
        "description": properties.get("description") or "",
        "latest_versions": _latest(context, scope, record.name),
        "tags": [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()],
        "aliases": [
            {"alias": alias, "version": version} for alias, version in (properties.get("aliases") or {}).items()
        ],
    }


def _latest(context: Context, scope: Scope, name: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in context.store.list(models.kind, scope, name=name, top=ALL).records:
        if registry_versions.stage_of(record) not in found:
            found[registry_versions.stage_of(record)] = registry_versions.to_mlflow(context, scope, record)
    return list(found.values())
