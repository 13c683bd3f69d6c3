"""MLflow's runs over REST: create, get, update, delete, search. The run id of a job is the job's name.

What is logged into them is in mlflow_logs.py, artifacts are in artifacts.py, the tables in runs.py and metrics.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from amlocal.arm.context import Context
from amlocal.storage.store import Scope
from amlocal.tracking import artifacts, filters, metrics, mlflow_names, runs
from amlocal.web.http import ArmError, Request, Response, json_response

LARGEST_PAGE = 50_000
_VIEWS = {"ACTIVE_ONLY": "r.lifecycle = 'active'", "DELETED_ONLY": "r.lifecycle = 'deleted'", "ALL": "1"}


def create_run(context: Context, request: Request, *, scope: Scope) -> Response:
    """A run that is not a job of ours: a script on somebody's own machine, or a child run inside a job."""
    asked = request.json()
    tags = pairs(asked.get("tags"))
    for key, value in tags.items():
        mlflow_names.check_tag(key, value)
    run_id = str(uuid.uuid4())
    with context.store.writing() as connection:
        experiment = runs.find_experiment(connection, scope.key, identifier=str(asked.get("experiment_id") or ""))
        if experiment is None:
            raise ArmError(
                404, "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with id={asked.get('experiment_id')}."
            )
        if experiment.lifecycle != "active":
            raise ArmError(
                400, "INVALID_PARAMETER_VALUE", f"The experiment {experiment.id} must be in the active state."
            )
        parent = runs.find(connection, scope.key, tags.get("mlflow.parentRunId", ""))
        if parent is not None:
            above = runs.read_tags(connection, [parent.number])[parent.number]
            tags["mlflow.rootRunId"] = above.get("mlflow.rootRunId", parent.id)
        name = str(asked.get("run_name") or tags.get("mlflow.runName") or run_id)
        user = str(asked.get("user_id") or request.claims.get("appid") or "")
        start = int(asked.get("start_time") or runs.now_ms())
        made = runs.create(
            connection,
            scope.key,
            run_id,
            experiment,
            name=name,
            status="Running",
            is_job=False,
            user=user,
            tags=tags,
            start_ms=start,
        )
    return json_response({"run": _to_mlflow(context, request, scope, [made])[0]})


def get_run(context: Context, request: Request, *, scope: Scope) -> Response:
    return json_response({"run": _to_mlflow(context, request, scope, [find(context, scope, run_id(request))])[0]})


def update_run(context: Context, request: Request, *, scope: Scope) -> Response:
    """Status, end time and name of a run. A job's own status is its process's, so a client cannot end it from here."""
    asked = request.json()
    run = find_active(context, scope, run_id(request))
    columns: dict[str, Any] = {}
    if asked.get("run_name"):
        columns["name"] = str(asked["run_name"])
    if asked.get("status") and not run.is_job:
        columns["status"] = filters.from_mlflow_status(str(asked["status"]))
        columns["end_ms"] = int(asked["end_time"]) if asked.get("end_time") else run.end_ms
    if columns:
        with context.store.writing() as connection:
            runs.change(connection, run, **columns)
    changed = find(context, scope, run.id)
    return json_response({"run_info": _info(context, request, scope, changed)})


def delete_run(context: Context, request: Request, *, scope: Scope) -> Response:
    return _set_lifecycle(context, request, scope, "deleted")


def restore_run(context: Context, request: Request, *, scope: Scope) -> Response:
    return _set_lifecycle(context, request, scope, "active")


def search_runs(context: Context, request: Request, *, scope: Scope) -> Response:
    """One page of runs of the experiments named, with the last value of each metric; 1,000 when nothing is asked."""
    asked = request.json()
    limit, start = read_limit(asked), max(int(asked.get("page_token") or 0), 0)
    where, values = filters.to_conditions(str(asked.get("filter") or ""))
    order, order_values = filters.to_order(list(asked.get("order_by") or []))
    where = f"{_VIEWS.get(str(asked.get('run_view_type') or 'ACTIVE_ONLY'), '1')} AND {where}"
    with context.store.reading() as connection:
        within, of = runs.within(
            connection, scope.key, asked.get("experiment_ids") or [], is_by_id=filters.BY_ID in where
        )
        found = runs.select(
            connection,
            f"{within} AND {where}",
            [*of, *values],
            order=order,
            order_values=order_values,
            limit=limit + 1,
            start=start,
        )
    answer: dict[str, Any] = {"runs": _to_mlflow(context, request, scope, found[:limit])}
    if len(found) > limit:
        answer["next_page_token"] = str(start + limit)
    return json_response(answer)


def _set_lifecycle(context: Context, request: Request, scope: Scope, lifecycle: str) -> Response:
    run = find(context, scope, run_id(request))
    with context.store.writing() as connection:
        runs.change(connection, run, lifecycle=lifecycle)
    return json_response({})


def read_limit(asked: dict[str, Any]) -> int:
    """`max_results` of a search. Raises ArmError 400 when it is not from 1 to 50,000."""
    limit = 1000 if asked.get("max_results") is None else int(asked["max_results"])
    if not 0 < limit <= LARGEST_PAGE:
        sentence = f"Invalid value {limit} for parameter 'max_results' supplied: it must be from 1 to {LARGEST_PAGE}."
        raise ArmError(400, "INVALID_PARAMETER_VALUE", sentence)
    return limit


def find_active(context: Context, scope: Scope, run_id: str) -> runs.Run:
    """A run to write to. An archived job still is one: hiding it from lists does not end what it does."""
    run = find(context, scope, run_id)
    if run.lifecycle != "active" and not run.is_job:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"The run {run.id} must be in the 'active' state.")
    return run


def find(context: Context, scope: Scope, run_id: str) -> runs.Run:
    with context.store.reading() as connection:
        found = runs.find(connection, scope.key, run_id)
    if found is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Run '{run_id}' not found.")
    return found


def run_id(request: Request) -> str:
    asked = request.json() if request.method != "GET" else request.query
    return str(asked.get("run_id") or asked.get("run_uuid") or "")


def _to_mlflow(context: Context, request: Request, scope: Scope, found: Sequence[runs.Run]) -> list[dict[str, Any]]:
    numbers = [run.number for run in found]
    with context.store.reading() as connection:
        points = metrics.read_last(connection, numbers)
        tags, params = runs.read_tags(connection, numbers), runs.read_params(connection, numbers)
    return [
        {
            "info": _info(context, request, scope, run),
            "data": {
                "metrics": [point_to_mlflow(point) for point in points.get(run.number, [])],
                "params": [{"key": name, "value": value} for name, value in params[run.number].items()],
                "tags": [{"key": name, "value": value} for name, value in _all_tags(run, tags[run.number]).items()],
            },
            "inputs": {},
        }
        for run in found
    ]


def _all_tags(run: runs.Run, tags: dict[str, str]) -> dict[str, str]:
    return {"mlflow.rootRunId": run.id, **tags, "mlflow.runName": run.name, "mlflow.user": run.user}


def _info(context: Context, request: Request, scope: Scope, run: runs.Run) -> dict[str, Any]:
    info = {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.name,
        "experiment_id": run.experiment_id,
        "user_id": run.user,
        "status": filters.to_mlflow_status(run.status),
        "start_time": run.start_ms or run.created_ms,
        "artifact_uri": artifacts.run_uri(context, request, scope, run),
        "lifecycle_stage": run.lifecycle,
    }
    return info if run.end_ms is None else {**info, "end_time": run.end_ms}


def point_to_mlflow(point: metrics.Point) -> dict[str, Any]:
    value: float | str = point.value
    if point.value != point.value or point.value in (float("inf"), float("-inf")):
        value = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(point.value)]
    return {"key": point.name, "value": value, "step": point.step, "timestamp": point.at_ms}


def pairs(listed: Sequence[dict[str, Any]] | None) -> dict[str, str]:
    return {str(pair["key"]): str(pair.get("value", "")) for pair in listed or []}
