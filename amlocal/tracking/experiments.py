"""MLflow's experiments over REST: get, by name, create, search, rename, delete, restore, tags. Runs are in
mlflow_runs.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amlocal.storage.store import Scope
from amlocal.tracking import runs
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

_VIEWS = {"ACTIVE_ONLY": "lifecycle = 'active'", "DELETED_ONLY": "lifecycle = 'deleted'", "ALL": "1"}


def to_mlflow(experiment: runs.Experiment) -> dict[str, Any]:
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": "",
        "lifecycle_stage": experiment.lifecycle,
        "creation_time": experiment.created_ms,
        "last_update_time": experiment.modified_ms,
        "tags": [{"key": name, "value": value} for name, value in experiment.tags.items()],
    }


def get(context: Context, request: Request, *, scope: Scope) -> Response:
    return json_response(
        {"experiment": to_mlflow(_find(context, scope, identifier=request.query.get("experiment_id")))}
    )


def get_by_name(context: Context, request: Request, *, scope: Scope) -> Response:
    return json_response({"experiment": to_mlflow(_find(context, scope, name=request.query.get("experiment_name")))})


def create(context: Context, request: Request, *, scope: Scope) -> Response:
    name = str(request.json().get("name") or "")
    if not name or len(name) > 256:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", "An experiment name has 1 to 256 characters.")
    tags = {tag["key"]: tag.get("value") or "" for tag in request.json().get("tags") or []}
    with context.store.writing() as connection:
        if runs.find_experiment(connection, scope.key, name=name) is not None:
            raise ArmError(400, "RESOURCE_ALREADY_EXISTS", f"Experiment '{name}' already exists.")
        made = runs.ensure_experiment(connection, scope.key, name)
        runs.change_experiment(connection, made, tags=json.dumps(tags))
    return json_response({"experiment_id": made.id})


def search(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST search and GET list; a filter may be `name = 'x'` or `name LIKE 'x%'`."""
    asked = {**request.query, **request.json()}
    numbers = (request.query.number(name, 0) or asked.get(name) or 0 for name in ("max_results", "page_token"))
    limit, start = map(int, numbers)
    limit = min(limit or 1000, 50_000)
    where, values = _VIEWS.get(str(asked.get("view_type") or "ACTIVE_ONLY"), "1"), []
    name, operator, pattern = _name_filter(str(asked.get("filter") or ""))
    if name:
        where, values = f"{where} AND name {operator} ?", [pattern]
    with context.store.reading() as connection:
        found = runs.list_experiments(connection, scope.key, where=where, values=values, limit=limit + 1, start=start)
    answer: dict[str, Any] = {"experiments": [to_mlflow(experiment) for experiment in found[:limit]]}
    if len(found) > limit:
        answer["next_page_token"] = str(start + limit)
    return json_response(answer)


def update(context: Context, request: Request, *, scope: Scope) -> Response:
    return _change(context, request, scope, name=str(request.json().get("new_name") or ""))


def delete(context: Context, request: Request, *, scope: Scope) -> Response:
    return _change(context, request, scope, lifecycle="deleted")


def restore(context: Context, request: Request, *, scope: Scope) -> Response:
    return _change(context, request, scope, lifecycle="active")


def set_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    experiment = _find(context, scope, identifier=str(request.json().get("experiment_id")))
    tags = {**experiment.tags, str(request.json()["key"]): str(request.json().get("value", ""))}
    return _change(context, request, scope, tags=json.dumps(tags))


def _change(context: Context, request: Request, scope: Scope, **columns: str) -> Response:
    experiment = _find(context, scope, identifier=str(request.json().get("experiment_id")))
    with context.store.writing() as connection:
        runs.change_experiment(connection, experiment, **columns)
    return json_response({})


def _find(context: Context, scope: Scope, *, name: str | None = None, identifier: str | None = None) -> runs.Experiment:
    with context.store.reading() as connection:
        found = runs.find_experiment(connection, scope.key, name=name, identifier=identifier)
    if found is None:
        word = f"id={identifier}" if identifier is not None else f"name '{name}'"
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with {word}.")
    return found


def _name_filter(text: str) -> tuple[str, str, str]:
    words = text.split(None, 2)
    if (
        len(words) == 3
        and words[0].strip('`"') in ("name", "attribute.name")
        and words[1].upper() in ("=", "LIKE", "ILIKE")
    ):
        return words[0], words[1].upper().replace("ILIKE", "LIKE"), words[2].strip("'\"")
    if text.strip():
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid experiment filter: {text!r}.")
    return "", "", ""
