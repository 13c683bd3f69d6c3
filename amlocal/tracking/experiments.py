"""MLflow's experiments over REST: get, by name, create, search, delete, restore, tags. Runs are in
mlflow_runs.py."""

from __future__ import annotations

import json
from typing import Any

from amlocal.arm.context import Context
from amlocal.storage.store import Scope
from amlocal.tracking import comparisons, mlflow_names, mlflow_runs, runs
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

_VIEWS = {"ACTIVE_ONLY": "lifecycle = 'active'", "DELETED_ONLY": "lifecycle = 'deleted'", "ALL": "1"}
_COLUMNS = {"name": "name", "creation_time": "created_ms", "last_update_time": "modified_ms", "experiment_id": "id"}


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
    if told := names.EXPERIMENT.broken(name):
        raise ArmError(400, "INVALID_PARAMETER_VALUE", told)
    tags = {tag["key"]: tag.get("value") or "" for tag in request.json().get("tags") or []}
    for key, value in tags.items():
        mlflow_names.check_tag(key, value, longest=mlflow_names.LONGEST_EXPERIMENT_TAG)
    with context.store.writing() as connection:
        if runs.find_experiment(connection, scope.key, name=name) is not None:
            raise ArmError(400, "RESOURCE_ALREADY_EXISTS", f"Experiment '{name}' already exists.")
        made = runs.ensure_experiment(connection, scope.key, name)
        runs.change_experiment(connection, made, tags=json.dumps(tags))
    return json_response({"experiment_id": made.id})


def search(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST search and GET list; a filter may name name, creation_time, last_update_time and tags."""
    asked = {**request.query, **request.json()}
    if request.method == "GET":
        asked |= {name: request.query.number(name, 0) or None for name in ("max_results", "page_token")}
    limit, start = mlflow_runs.read_limit(asked), max(int(asked.get("page_token") or 0), 0)
    values: list[Any] = []
    where = _VIEWS.get(str(asked.get("view_type") or "ACTIVE_ONLY"), "1")
    for one in comparisons.parse(str(asked.get("filter") or "")):
        clause, more = _condition(one)
        where, values = f"{where} AND {clause}", [*values, *more]
    order = _order(asked.get("order_by") or [])
    with context.store.reading() as connection:
        found = runs.list_experiments(
            connection, scope.key, where=where, values=values, order=order, limit=limit + 1, start=start
        )
    answer: dict[str, Any] = {"experiments": [to_mlflow(experiment) for experiment in found[:limit]]}
    if len(found) > limit:
        answer["next_page_token"] = str(start + limit)
    return json_response(answer)


def update(context: Context, request: Request, *, scope: Scope) -> Response:
    """Azure cannot rename an experiment: Microsoft's documents say so. The error's code is a guess."""
    _find(context, scope, identifier=str(request.json().get("experiment_id")))
    raise ArmError(400, "INVALID_PARAMETER_VALUE", "Azure Machine Learning does not rename experiments.")


def delete(context: Context, request: Request, *, scope: Scope) -> Response:
    """Its runs are deleted with it."""
    return _move(context, request, scope, "active", "deleted")


def restore(context: Context, request: Request, *, scope: Scope) -> Response:
    """Its runs come back with it."""
    return _move(context, request, scope, "deleted", "active")


def set_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    experiment = _find(context, scope, identifier=str(request.json().get("experiment_id")))
    key, value = str(request.json()["key"]), str(request.json().get("value") or "")
    mlflow_names.check_tag(key, value, longest=mlflow_names.LONGEST_EXPERIMENT_TAG)
    tags = {**experiment.tags, key: value}
    with context.store.writing() as connection:
        runs.change_experiment(connection, experiment, tags=json.dumps(tags))
    return json_response({})


def _move(context: Context, request: Request, scope: Scope, before: str, after: str) -> Response:
    with context.store.writing() as connection:
        experiment = _find(context, scope, identifier=str(request.json().get("experiment_id")))
        if experiment.lifecycle != before:
            sentence = f"No Experiment with id={experiment.id} exists that is {before}."
            raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", sentence)
        runs.change_experiment(connection, experiment, lifecycle=after)
        runs.change_all(connection, experiment, lifecycle=after)
    return json_response({})


def _find(context: Context, scope: Scope, *, name: str | None = None, identifier: str | None = None) -> runs.Experiment:
    with context.store.reading() as connection:
        found = runs.find_experiment(connection, scope.key, name=name, identifier=identifier)
    if found is None:
        word = f"id={identifier}" if identifier is not None else f"name '{name}'"
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with {word}.")
    return found


def _condition(one: comparisons.Comparison) -> tuple[str, list[Any]]:
    if one.kind in ("tag", "tags"):
        one.need(comparisons.TEXT)
        clause, values = comparisons.to_sql("(SELECT t.value FROM json_each(tags) t WHERE t.key = ?)", one)
        return clause, [one.key, *values]
    column = _columns(one.kind, one.key)
    one.need(comparisons.TEXT if column == "name" else comparisons.NUMERIC)
    return comparisons.to_sql(column, one)


def _order(terms: list[str]) -> str:
    parsed = [comparisons.parse_order(term) for term in terms]
    chosen = [f"{_columns(kind, key)} {direction}" for kind, key, direction in parsed]
    return ", ".join([*chosen, "created_ms DESC", "number DESC"])


def _columns(kind: str, key: str) -> str:
    if kind not in ("", "attribute", "attributes", "attr") or key not in _COLUMNS:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Invalid attribute key {key!r} specified.")
    return _COLUMNS[key]
