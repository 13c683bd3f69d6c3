"""MLflow's registered models over REST, on the same models as ARM's: names, tags, aliases. Their versions are in
registry_versions.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amlocal.assets.registered import models
from amlocal.storage.store import Record, Scope
from amlocal.tracking import registry_versions
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

ALL = 1_000_000


def create_model(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    name = str(asked.get("name") or "")
    if context.store.get(models.container_kind, scope, name) is not None:
        raise ArmError(400, "RESOURCE_ALREADY_EXISTS", f"Registered Model (name={name}) already exists.")
    properties = {
        "tags": registry_versions.pairs(asked.get("tags")),
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
        version = registry_versions.to_mlflow(context, scope, record)
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
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Registered model alias {alias} not found.")
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
    newest = context.store.list(models.kind, scope, name=record.name, top=1).records
    return {
        "name": record.name,
        "creation_timestamp": record.created_at // 1000,
        "last_updated_timestamp": record.modified_at // 1000,
        "description": properties.get("description") or "",
        "latest_versions": [registry_versions.to_mlflow(context, scope, version) for version in newest],
        "tags": [{"key": key, "value": value} for key, value in (properties.get("tags") or {}).items()],
        "aliases": [
            {"alias": alias, "version": version} for alias, version in (properties.get("aliases") or {}).items()
        ],
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
