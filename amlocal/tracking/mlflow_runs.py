"""MLflow's runs over REST: create, get, update, search, params, metrics, tags, batches, metric history. The run id of
a job is the job's name.

Artifacts are in artifacts.py, the tables in runs.py and metrics.py.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from amlocal.storage.store import Scope
from amlocal.tracking import artifacts, filters, metrics, runs
from amlocal.web import shapes
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    import sqlite3

    from amlocal.context import Context

HISTORY_PAGE = 25_000
_VIEWS = {"ACTIVE_ONLY": "r.lifecycle = 'active'", "DELETED_ONLY": "r.lifecycle = 'deleted'", "ALL": "1"}


def create_run(context: Context, request: Request, *, scope: Scope) -> Response:
    """A run that is not a job of ours: a script on somebody's own machine, or a child run inside a job."""
    asked = request.json()
    tags = _pairs(asked.get("tags"))
    run_id = str(uuid.uuid4())
    with context.store.writing() as connection:
        experiment = runs.find_experiment(connection, scope.key, identifier=str(asked.get("experiment_id") or ""))
        if experiment is None:
            raise ArmError(
                404, "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with id={asked.get('experiment_id')}."
            )
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
    return json_response({"run": _to_mlflow(context, request, scope, [_find(context, scope, _run_id(request))])[0]})


def update_run(context: Context, request: Request, *, scope: Scope) -> Response:
    """Status, end time and name of a run. A job's own status is its process's, so a client cannot end it from here."""
    asked = request.json()
    run = _find(context, scope, _run_id(request))
    columns: dict[str, Any] = {}
    if asked.get("run_name"):
        columns["name"] = str(asked["run_name"])
    if asked.get("status") and not run.is_job:
        columns["status"] = filters.from_mlflow_status(str(asked["status"]))
        columns["end_ms"] = int(asked["end_time"]) if asked.get("end_time") else run.end_ms
    if columns:
        with context.store.writing() as connection:
            runs.change(connection, run, **columns)
    changed = _find(context, scope, run.id)
    return json_response({"run_info": _info(context, request, scope, changed)})


def delete_run(context: Context, request: Request, *, scope: Scope) -> Response:
    return _set_lifecycle(context, request, scope, "deleted")


def restore_run(context: Context, request: Request, *, scope: Scope) -> Response:
    return _set_lifecycle(context, request, scope, "active")


def search_runs(context: Context, request: Request, *, scope: Scope) -> Response:
    """One page of runs with the last value of each metric; at most 50,000, 1,000 when nothing is asked."""
    asked = request.json()
    limit, start = min(int(asked.get("max_results") or 1000), 50_000), int(asked.get("page_token") or 0)
    where, values = filters.to_conditions(str(asked.get("filter") or ""))
    order, order_values = filters.to_order(list(asked.get("order_by") or []))
    where = f"r.scope = ? AND {_VIEWS.get(str(asked.get('run_view_type') or 'ACTIVE_ONLY'), '1')} AND {where}"
    values = [scope.key, *values]
    ids = list(asked.get("experiment_ids") or [])
    if ids:
        where, values = f"{where} AND e.id IN ({','.join('?' * len(ids))})", [*values, *ids]
    with context.store.reading() as connection:
        found = runs.select(
            connection, where, values, order=order, order_values=order_values, limit=limit + 1, start=start
        )
    answer: dict[str, Any] = {"runs": _to_mlflow(context, request, scope, found[:limit])}
    if len(found) > limit:
        answer["next_page_token"] = str(start + limit)
    return json_response(answer)


def log_metric(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, points=[request.json()])


def log_parameter(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, params=[request.json()])


def set_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, tags=[request.json()])


def delete_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    run = _find(context, scope, _run_id(request))
    with context.store.writing() as connection:
        runs.delete_tags(connection, run.number, [str(request.json().get("key"))])
    return json_response({})


def log_batch(context: Context, request: Request, *, scope: Scope) -> Response:
    asked = request.json()
    return _log(
        context,
        request,
        scope,
        points=asked.get("metrics") or [],
        params=asked.get("params") or [],
        tags=asked.get("tags") or [],
    )


def log_batch_async(context: Context, request: Request, *, scope: Scope) -> Response:
    """azureml-mlflow's own call: all is written before the answer, so the batch is complete at once and needs no id."""
    log_batch(context, request, scope=scope)
    return json_response({"batch_tracking_id": ""})


def get_run_data_status(context: Context, request: Request, *, scope: Scope) -> Response:
    _find(context, scope, _run_id(request))
    return json_response({"is_complete": True})


def log_inputs(context: Context, request: Request, *, scope: Scope) -> Response:
    """Azure takes MLflow's dataset inputs and keeps nothing that its MLflow answers would show; so do we."""
    _find(context, scope, _run_id(request))
    return json_response({})


def log_model(context: Context, request: Request, *, scope: Scope) -> Response:
    """The note `mlflow.log-model.history` of MLflow 2's log_model: a list of models in one tag."""
    run = _find(context, scope, _run_id(request))
    try:
        note = json.loads(request.json().get("model_json") or "{}")
    except ValueError as exc:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"model_json is not JSON: {exc}") from exc
    with context.store.writing() as connection:
        known = json.loads(runs.read_tags(connection, [run.number])[run.number].get("mlflow.log-model.history", "[]"))
        known.append(note)
        runs.set_tags(connection, run.number, {"mlflow.log-model.history": json.dumps(known)})
    return json_response({})


def get_metric_history(context: Context, request: Request, *, scope: Scope) -> Response:
    """Points as they were logged, at most 25,000 at once, then a page token."""
    run, name = _find(context, scope, _run_id(request)), request.query.get("metric_key")
    limit = min(request.query.number("max_results", HISTORY_PAGE), HISTORY_PAGE)
    with context.store.reading() as connection:
        points, place = metrics.read_history(
            connection, run.number, name, start=request.query.number("page_token", 0), limit=limit
        )
    answer: dict[str, Any] = {"metrics": [_point(point) for point in points]}
    if place is not None:
        answer["next_page_token"] = str(place)
    return json_response(answer)


def _log(
    context: Context,
    request: Request,
    scope: Scope,
    *,
    points: Sequence[dict[str, Any]] = (),
    params: Sequence[dict[str, Any]] = (),
    tags: Sequence[dict[str, Any]] = (),
) -> Response:
    run = _find(context, scope, _run_id(request))
    read = [_read_point(point) for point in points]
    with context.store.writing() as connection:
        metrics.append(connection, run.number, read)
        wrong = runs.add_params(connection, run.number, _pairs(params))
        if wrong is not None:
            raise ArmError(
                400,
                "INVALID_PARAMETER_VALUE",
                f"Changing param values is not allowed. Param with key='{wrong}' was already logged with another"
                " value.",
            )
        _set_tags(connection, run, _pairs(tags))
    return json_response({})


def _set_tags(connection: sqlite3.Connection, run: runs.Run, tags: dict[str, str]) -> None:
    runs.set_tags(connection, run.number, tags)
    if "mlflow.runName" in tags:
        runs.change(connection, run, name=tags["mlflow.runName"])


def _set_lifecycle(context: Context, request: Request, scope: Scope, lifecycle: str) -> Response:
    run = _find(context, scope, _run_id(request))
    with context.store.writing() as connection:
        runs.change(connection, run, lifecycle=lifecycle)
    return json_response({})


def _find(context: Context, scope: Scope, run_id: str) -> runs.Run:
    with context.store.reading() as connection:
        found = runs.find(connection, scope.key, run_id)
    if found is None:
        raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"Run '{run_id}' not found.")
    return found


def _run_id(request: Request) -> str:
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
                "metrics": [_point(point) for point in points.get(run.number, [])],
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


def _point(point: metrics.Point) -> dict[str, Any]:
    value: float | str = point.value
    if point.value != point.value or point.value in (float("inf"), float("-inf")):
        value = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(point.value)]
    return {"key": point.name, "value": value, "step": point.step, "timestamp": point.at_ms}


def _read_point(point: dict[str, Any]) -> metrics.Point:
    try:
        step, at_ms = int(point.get("step") or 0), int(point.get("timestamp") or runs.now_ms())
        if not (abs(step) <= shapes.LARGEST and abs(at_ms) <= shapes.LARGEST):
            raise OverflowError
        return metrics.Point(str(point["key"]), float(point["value"]), step, at_ms)
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"Not a metric: {point!r}.") from exc


def _pairs(pairs: Sequence[dict[str, Any]] | None) -> dict[str, str]:
    return {str(pair["key"]): str(pair.get("value", "")) for pair in pairs or []}
