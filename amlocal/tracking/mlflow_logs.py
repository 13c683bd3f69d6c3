"""What MLflow's clients log into a run over REST: metrics, params, tags, batches of them, dataset inputs, notes of
models; and the metric history. Azure's limit of params is kept, as MLflow's limits of a batch are."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from amlocal.arm.context import Context
from amlocal.storage.store import Scope
from amlocal.tracking import metrics, mlflow_names, mlflow_runs, runs
from amlocal.tracking.mlflow_names import refusal
from amlocal.web import shapes
from amlocal.web.http import ArmError, Request, Response, json_response

HISTORY_PAGE = 25_000
# Azure's own: seen in the errors its users report.
MOST_PARAMS = 200
BATCH_LIMITS = {"metrics": 1000, "params": 100, "tags": 100}
MOST_IN_BATCH = 1000
MODEL_NOTES = "mlflow.log-model.history"


def log_metric(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, points=[request.json()])


def log_parameter(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, params=[request.json()])


def set_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    return _log(context, request, scope, tags=[request.json()])


def delete_tag(context: Context, request: Request, *, scope: Scope) -> Response:
    """Raises ArmError 404 when the run has no such tag, as MLflow does."""
    run, name = mlflow_runs.find_active(context, scope, mlflow_runs.run_id(request)), str(request.json()["key"])
    with context.store.writing() as connection:
        if name not in runs.read_tags(connection, [run.number])[run.number]:
            raise ArmError(404, "RESOURCE_DOES_NOT_EXIST", f"No tag with name: {name} in run with id {run.id}.")
        runs.delete_tags(connection, run.number, [name])
    return json_response({})


def log_batch(context: Context, request: Request, *, scope: Scope) -> Response:
    """All of it or nothing."""
    asked = request.json()
    sizes = {kind: len(asked.get(kind) or []) for kind in BATCH_LIMITS}
    for kind, limit in [*BATCH_LIMITS.items(), ("metrics, params, and tags", MOST_IN_BATCH)]:
        if sizes.get(kind, sum(sizes.values())) > limit:
            got = sizes.get(kind, sum(sizes.values()))
            raise refusal(
                f"A batch logging request can contain at most {limit} {kind}. Got {got} {kind}. Please split up {kind}"
                " across multiple requests and try again."
            )
    return _log(
        context,
        request,
        scope,
        is_batch=True,
        points=asked.get("metrics") or [],
        params=asked.get("params") or [],
        tags=asked.get("tags") or [],
    )


def log_batch_async(context: Context, request: Request, *, scope: Scope) -> Response:
    """azureml-mlflow's own call: all is written before the answer, so the batch is complete at once and needs no id."""
    log_batch(context, request, scope=scope)
    return json_response({"batch_tracking_id": ""})


def get_run_data_status(context: Context, request: Request, *, scope: Scope) -> Response:
    mlflow_runs.find(context, scope, mlflow_runs.run_id(request))
    return json_response({"is_complete": True})


def log_inputs(context: Context, request: Request, *, scope: Scope) -> Response:
    """Azure takes MLflow's dataset inputs and keeps nothing that its MLflow answers would show; so do we."""
    mlflow_runs.find(context, scope, mlflow_runs.run_id(request))
    return json_response({})


def log_model(context: Context, request: Request, *, scope: Scope) -> Response:
    """The note `mlflow.log-model.history` of MLflow 2's log_model: a list of models in one tag."""
    run = mlflow_runs.find(context, scope, mlflow_runs.run_id(request))
    try:
        note = json.loads(request.json().get("model_json") or "{}")
    except ValueError as exc:
        raise ArmError(400, "INVALID_PARAMETER_VALUE", f"model_json is not JSON: {exc}") from exc
    with context.store.writing() as connection:
        text = runs.read_tags(connection, [run.number])[run.number].get(MODEL_NOTES, "[]")
        try:
            known = list(json.loads(text))
        except (TypeError, ValueError):  # a client may write anything into a tag
            known = []
        runs.set_tags(connection, run.number, {MODEL_NOTES: json.dumps([*known, note])})
    return json_response({})


def get_metric_history(context: Context, request: Request, *, scope: Scope) -> Response:
    """Points as they were logged, at most 25,000 at once, then a page token."""
    run, name = mlflow_runs.find(context, scope, mlflow_runs.run_id(request)), request.query.get("metric_key")
    limit = min(request.query.number("max_results", HISTORY_PAGE) or HISTORY_PAGE, HISTORY_PAGE)
    with context.store.reading() as connection:
        points, place = metrics.read_history(
            connection, run.number, name, start=request.query.number("page_token", 0), limit=limit
        )
    answer: dict[str, Any] = {"metrics": [mlflow_runs.point_to_mlflow(point) for point in points]}
    if place is not None:
        answer["next_page_token"] = str(place)
    return json_response(answer)


def _log(
    context: Context,
    request: Request,
    scope: Scope,
    *,
    is_batch: bool = False,
    points: Sequence[dict[str, Any]] = (),
    params: Sequence[dict[str, Any]] = (),
    tags: Sequence[dict[str, Any]] = (),
) -> Response:
    run = mlflow_runs.find_active(context, scope, mlflow_runs.run_id(request))

    def place(kind: str, number: int) -> str:
        """Where MLflow says that a thing stands."""
        return f"{kind}[{number}]." if is_batch else ""

    read = [_read_point(point, place("metrics", number)) for number, point in enumerate(points)]
    for number, pair in enumerate(params):
        mlflow_names.check_param(str(pair["key"]), str(pair.get("value") or ""), place("params", number))
    for number, pair in enumerate(tags):
        mlflow_names.check_tag(str(pair["key"]), str(pair.get("value") or ""), place("tags", number))
    with context.store.writing() as connection:
        metrics.append(connection, run.number, read)
        _add_params(connection, run, params)
        _set_tags(connection, run, mlflow_runs.pairs(tags))
    return json_response({})


def _add_params(connection: sqlite3.Connection, run: runs.Run, params: Sequence[dict[str, Any]]) -> None:
    asked = mlflow_runs.pairs(params)
    if len(asked) < len(params):
        twice = sorted(name for name, count in Counter(str(pair["key"]) for pair in params).items() if count > 1)
        raise refusal(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one param"
            " value per param key."
        )
    wrong = runs.add_params(connection, run.number, asked)
    if wrong is not None:
        raise refusal(
            f"Changing param values is not allowed. Param with key='{wrong}' was already logged with another value."
        )
    count = len(runs.read_params(connection, [run.number])[run.number]) if asked else 0
    if count > MOST_PARAMS:
        raise refusal(
            f"A field of the entity is over the size limit. FieldName=Parameters, Limit={MOST_PARAMS}, Size={count}."
            " See https://aka.ms/azure-machine-learning-limits for service limits documentation."
        )


def _set_tags(connection: sqlite3.Connection, run: runs.Run, tags: dict[str, str]) -> None:
    runs.set_tags(connection, run.number, tags)
    if "mlflow.runName" in tags:
        runs.change(connection, run, name=tags["mlflow.runName"])


def _read_point(point: dict[str, Any], place: str) -> metrics.Point:
    try:
        step, at_ms = int(point.get("step") or 0), int(point.get("timestamp") or runs.now_ms())
        if not (abs(step) <= shapes.LARGEST and abs(at_ms) <= shapes.LARGEST):
            raise OverflowError
    except (TypeError, ValueError, OverflowError) as exc:
        raise refusal(f"Not a metric: {point!r}.") from exc
    name = str(point.get("key") or "")
    return metrics.Point(name, mlflow_names.check_metric(name, point.get("value"), at_ms, place), step, at_ms)
