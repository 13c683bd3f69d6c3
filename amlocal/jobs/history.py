"""Run history, the data plane behind `jobs.stream`, `jobs.download` and `jobs.archive`: run details with log files,
run data, changes, output URIs."""

from __future__ import annotations

from typing import Any

from amlocal.assets import registered
from amlocal.jobs import jobs
from amlocal.jobs.context import Context
from amlocal.storage import materials, places, stamps
from amlocal.storage.store import Scope
from amlocal.tracking import runs
from amlocal.web.http import ArmError, Request, Response, json_response

OLD_WORDS = {"uri_folder": "UriFolder", "uri_file": "UriFile", "mltable": "MLTable"}
LOG_FOLDERS = ("user_logs/", "azureml-logs/", "system_logs/", "logs/")


def get_details(context: Context, request: Request, *, scope: Scope, run: str) -> Response:
    """`logFiles` are blob URLs that can be read, by range too, while the log still grows."""
    found, properties, tags = _read(context, scope, run)
    answer = {
        **_common(found, properties, tags),
        "target": str(properties.get("computeId") or "").rsplit("/", 1)[-1],
        "createdTimeUtc": _iso(found.created_ms),
        "logFiles": _log_files(context, scope, found),
        "runDefinition": properties,
    }
    reason = context.runner.explain(found) if found.status == "Queued" else ""
    if reason:
        answer["queueingInfo"] = {
            "code": "WaitingForNodes",
            "message": reason,
            "lastRefreshTimestamp": _iso(runs.now_ms()),
        }
    return json_response(answer)


def get_run(context: Context, request: Request, *, scope: Scope, run: str, experiment: str = "") -> Response:
    return json_response(_to_run(*_read(context, scope, run)))


def list_children(context: Context, request: Request, *, scope: Scope, run: str) -> Response:
    """GET …/runs/{run}/children, behind `jobs.list(parent_job_name=…)`: the runs that MLflow nested in this one."""
    parent, _, _ = _read(context, scope, run)
    statement = (
        "SELECT runs.id FROM runs JOIN run_tags ON run_tags.run = runs.number"
        " WHERE runs.scope = ? AND run_tags.name = 'mlflow.parentRunId' AND run_tags.value = ? ORDER BY runs.number"
    )
    with context.store.reading() as connection:
        names = [row["id"] for row in connection.execute(statement, (scope.key, parent.id))]
    return json_response({"value": [_to_run(*_read(context, scope, name)) for name in names]})


def list_services(context: Context, request: Request, *, scope: Scope, run: str, node: str) -> Response:
    """GET …/runs/{run}/serviceinstances/{node}, behind `jobs.show_services`: none is ever started."""
    _read(context, scope, run)
    return json_response({"instances": {}})


def patch_run(context: Context, request: Request, *, scope: Scope, run: str, experiment: str = "") -> Response:
    """PATCH …/experiments/{experiment}/runs/{run}: what `jobs.archive` and `jobs.update` send."""
    jobs.change_run(context, scope, run, request.json())
    return get_run(context, request, scope=scope, run=run)


def get_data(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST rundata. The SDK downloads an output only when its type is the word it knows: uri_folder, or UriFolder in
    old releases. A model is told as a folder: the SDK's call for Azure's own word, CustomModel, fails within 1.35."""
    found, properties, tags = _read(context, scope, str(request.json().get("runId")))
    words = OLD_WORDS if request.is_from_old_sdk else {}
    outputs = {
        name: {"assetId": f"azureml://amlocal/runs/{found.id}/outputs/{name}", "type": words.get(kind, kind)}
        for name, asked in (properties.get("outputs") or {}).items()
        if name != "default"
        for told in [str(asked.get("jobOutputType"))]
        for kind in ["uri_folder" if told in registered.TYPES else told]
    }
    return json_response(
        {"runMetadata": {**_to_run(found, properties, tags), "outputs": outputs}, "runDefinition": properties}
    )


def resolve_outputs(context: Context, request: Request, *, scope: Scope, version: str = "") -> Response:
    """POST dataversion/batchGetResolvedUris: asset ids that get_data() gave out, and ARM ids of data, to datastore
    URIs."""
    values = {}
    for asset_id in request.json().get("values") or []:
        if str(asset_id).startswith("azureml://amlocal/runs/"):
            run, _, output = str(asset_id).removeprefix("azureml://amlocal/runs/").partition("/outputs/")
            _, properties, _ = _read(context, scope, run)
            asked = (properties.get("outputs") or {}).get(output)
            if asked is None:
                raise ArmError(404, "UserError", f"Run '{run}' has no output '{output}'.")
            uri, kind = asked["uri"], asked["jobOutputType"]
        else:
            uri, kind = str(asset_id), "uri_folder"
        values[asset_id] = {"uri": places.to_datastore_uri(context, scope, uri), "type": kind}
    return json_response({"values": values})


def give_token(context: Context, request: Request, *, scope: Scope, run: str, experiment: str) -> Response:
    """A fresh token for a job that outlives its first one."""
    import time

    from amlocal.jobs.command_lines import TOKEN_SECONDS

    token = context.tokens.issue_for("ml", lifetime_seconds=TOKEN_SECONDS, run=run)
    return json_response({"token": token, "expiryTimeUtc": _iso(int((time.time() + TOKEN_SECONDS) * 1000))})


def _read(context: Context, scope: Scope, name: str) -> tuple[runs.Run, dict[str, Any], dict[str, str]]:
    record = context.store.get(jobs.KIND, scope, name)
    with context.store.reading() as connection:
        run = runs.find(connection, scope.key, name)
        if run is None:
            raise ArmError(404, "UserError", f"Run '{name}' was not found.")
        tags = runs.read_tags(connection, [run.number])[run.number]
    return run, record.body["properties"] if record else {}, tags


def _log_files(context: Context, scope: Scope, run: runs.Run) -> dict[str, str]:
    place = places.run_artifacts(context, scope, run.id)
    found = {}
    for folder in LOG_FOLDERS:
        for blob in materials.iterate(context.blobs, place.account, place.container, f"{place.path}/{folder}"):
            name = blob.name.removeprefix(f"{place.path}/")
            found[name] = places.signed_url(context, place.under(name), "r")
    return found


def _common(run: runs.Run, properties: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    common: dict[str, Any] = {
        "runId": run.id,
        "runUuid": run.id,
        "status": run.status,
        "tags": tags,
        "properties": properties.get("properties") or {},
        "warnings": [{"source": "amlocal", "message": text} for text in run.warnings],
        "services": {},
        "runNumber": run.number,
        "rootRunId": run.id,
        "userId": run.user,
        "createdBy": {"userName": run.user},
    }
    if run.start_ms is not None:
        common["startTimeUtc"] = _iso(run.start_ms)
    if run.end_ms is not None:
        common["endTimeUtc"] = _iso(run.end_ms)
    if run.error is not None:
        common["error"] = {
            "error": {"messageParameters": {}, "details": [], **run.error},
            "time": _iso(run.end_ms or run.created_ms),
        }
    return common


def _to_run(run: runs.Run, properties: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    return {
        **_common(run, properties, tags),
        "createdUtc": _iso(run.created_ms),
        "experimentId": run.experiment_id,
        "displayName": run.name,
        "description": properties.get("description"),
        "hidden": run.lifecycle != "active",
        "dataContainerId": f"dcid.{run.id}",
        "target": str(properties.get("computeId") or "").rsplit("/", 1)[-1],
        "runType": "azureml.ScriptRun",
    }


def _iso(milliseconds: int) -> str:
    return stamps.iso(milliseconds * 1000)
