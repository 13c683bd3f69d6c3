"""Command jobs as ARM knows them: put, get, list, cancel. They are run by runner.py; their status, tags and error live
with their run in runs.py."""

from __future__ import annotations

import sqlite3
from typing import Any

from amlocal.arm import clusters, computes, polls, quotas, sizes
from amlocal.building import demands
from amlocal.jobs import command_lines, distributions, kinds, outputs
from amlocal.jobs.context import Context
from amlocal.storage import stamps
from amlocal.storage.store import Record, Scope
from amlocal.tracking import runs
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "jobs"
PAGE = 100
SERVERLESS = "serverless"
DEFAULT_EXPERIMENT = "Default"
_FIXED = ("command", "codeId", "environmentId", "computeId", "inputs", "experimentName")
_HAS_PROPERTY = (
    " AND EXISTS (SELECT json_extract(s.body, ?) AS found FROM resources s WHERE s.kind = 'jobs' AND s.scope = r.scope"
    " AND s.name_key = lower(r.id) AND found IS NOT NULL AND (? = '' OR found = ?))"
)
_VIEWS = {"activeonly": " AND r.lifecycle = 'active'", "archivedonly": " AND r.lifecycle = 'deleted'", "all": ""}


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """A new job; or, where the name is taken, new tags, description, display name, properties and isArchived."""
    asked = dict(request.json().get("properties") or {})
    if context.store.get(KIND, scope, name) is not None:
        return _update(context, scope, name, asked)
    _check(context, scope, name, asked)
    tags = {str(key): str(value) for key, value in (asked.pop("tags", None) or {}).items()}
    asked["experimentName"] = asked.get("experimentName") or DEFAULT_EXPERIMENT
    asked["outputs"] = outputs.place_all(name, asked.get("outputs") or {})
    try:
        with context.store.writing() as connection:
            experiment = runs.ensure_experiment(connection, scope.key, asked["experimentName"])
            display = str(asked.get("displayName") or name)
            run = runs.create(
                connection,
                scope.key,
                name,
                experiment,
                name=display,
                status="NotStarted",
                is_job=True,
                user="amlocal",
                tags=tags,
            )
            record = context.store.put(KIND, scope, name, "", {"scope": list(scope), "properties": asked})
    except sqlite3.IntegrityError:
        raise ArmError(409, "Conflict", f"A run with the name '{name}' already exists.") from None
    answer = _to_arm(context, scope, [(record, run)])[0]
    context.runner.submit(run)
    return json_response(answer, 201)


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(_to_arm(context, scope, [_find(context, scope, name)])[0])


def list_jobs(context: Context, request: Request, *, scope: Scope) -> Response:
    """Newest first, 100 a page; filters listViewType, jobType, tag (`name` or `name=value`), properties (several of
    those) and scheduled: there are no schedules here, so no job of one."""
    where = "r.scope = ? AND r.is_job" + _VIEWS.get(request.query.get("listViewType", "ActiveOnly").lower(), "")
    values: list[Any] = [scope.key]
    if request.query.get("jobType") not in ("", "Command") or request.query.get("scheduled").lower() == "true":
        return json_response({"value": []})
    if request.query.get("tag"):
        tag, _, wanted = request.query.get("tag").partition("=")
        where += (
            " AND EXISTS (SELECT 1 FROM run_tags t WHERE t.run = r.number AND t.name = ? AND (? = '' OR t.value = ?))"
        )
        values += [tag, wanted, wanted]
    for pair in filter(None, request.query.get("properties").split(",")):
        name, _, wanted = pair.strip().partition("=")
        where += _HAS_PROPERTY
        values += [f'$.properties.properties."{name.replace(chr(34), "")}"', wanted, wanted]
    if request.query.get("$skipToken"):
        where, values = f"{where} AND r.number < ?", [*values, request.query.number("$skipToken", 0)]
    with context.store.reading() as connection:
        found = runs.select(connection, where, values, order="r.number DESC", limit=PAGE + 1)
    pairs = [(record, run) for run in found[:PAGE] if (record := context.store.get(KIND, scope, run.id)) is not None]
    answer: dict[str, Any] = {"value": _to_arm(context, scope, pairs)}
    if len(found) > PAGE:
        answer["nextLink"] = _next_link(context, request, str(found[PAGE - 1].number))
    return json_response(answer)


def cancel(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """202 at once; the job's status tells when it is Canceled. A job that has ended stays as it ended."""
    _, run = _find(context, scope, name)
    operation = context.operations.begin(scope, KIND, name, verb="cancel")
    context.runner.cancel(run)
    return polls.accepted(context, operation)


def change_run(context: Context, scope: Scope, name: str, asked: dict[str, Any]) -> None:
    """What run history's PATCH changes: tags and properties are merged; displayName, description and hidden are set."""
    with context.store.writing() as connection:
        run = runs.find(connection, scope.key, name)
        if run is None:
            raise ArmError(404, "NotFound", f"Run '{name}' was not found.")
        runs.set_tags(connection, run.number, {key: str(value) for key, value in (asked.get("tags") or {}).items()})
        if asked.get("displayName"):
            runs.change(connection, run, name=str(asked["displayName"]))
        if asked.get("hidden") is not None:
            runs.change(connection, run, lifecycle="deleted" if asked["hidden"] else "active")

        def edit(body: dict[str, Any]) -> None:
            properties = body["properties"]
            properties["properties"] = {**(properties.get("properties") or {}), **(asked.get("properties") or {})}
            if asked.get("description") is not None:
                properties["description"] = asked["description"]

        context.store.change(KIND, scope, name, "", edit)


def _update(context: Context, scope: Scope, name: str, asked: dict[str, Any]) -> Response:
    record, run = _find(context, scope, name)
    known = record.body["properties"]
    for field in _FIXED:
        if asked.get(field) and known.get(field) and asked[field] != known[field] and field != "inputs":
            raise ArmError(
                400,
                "UserError",
                "A job with this name already exists. If you are trying to create a new job, use a different name. If"
                f" you are trying to update an existing job, the existing job's {field} cannot be changed. Only"
                " description, tags, displayName, properties, and isArchived can be updated.",
            )
    with context.store.writing() as connection:
        old = runs.read_tags(connection, [run.number])[run.number]
        runs.delete_tags(connection, run.number, [tag for tag in old if not tag.startswith("mlflow.")])
        changes = {
            "hidden": asked.get("isArchived"),
            **{key: asked.get(key) for key in ("tags", "properties", "displayName", "description")},
        }
        change_run(context, scope, name, changes)
    return json_response(_to_arm(context, scope, [_find(context, scope, name)])[0])


def _check(context: Context, scope: Scope, name: str, asked: dict[str, Any]) -> None:
    kind = asked.get("jobType")
    if not kind:
        raise ArmError(400, "UserError", "The job has no jobType.")
    told = kinds.name(asked)
    if told != kinds.COMMAND:
        raise ArmError(501, "NotImplementedHere", f"{told} are not in amlocal yet; command jobs are.")
    told = names.JOB.broken(name) or names.EXPERIMENT.broken(str(asked.get("experimentName") or DEFAULT_EXPERIMENT))
    if told:
        raise ArmError(400, "UserError", told)
    if not str(asked.get("command") or "").strip():
        raise ArmError(400, "UserError", "The job has no command.")
    for field in ("inputs", "outputs"):
        broken = [told for part in asked.get(field) or {} if (told := names.JOB_PART.broken(part))]
        if broken:
            raise ArmError(400, "UserError", broken[0])
    command_lines.check(str(asked["command"]), asked.get("inputs") or {}, asked.get("outputs") or {})
    demands.check(context, scope, str(asked.get("environmentId") or ""))
    distributions.check(asked)
    _check_compute(context, scope, asked)


def _check_compute(context: Context, scope: Scope, asked: dict[str, Any]) -> None:
    name, count = str(asked.get("computeId") or SERVERLESS).rsplit("/", 1)[-1], distributions.count_nodes(asked)
    if name.lower() == SERVERLESS:
        return
    record = context.store.get(computes.KIND, scope, name)
    if record is None:
        raise ArmError(400, "UserError", f"The compute target '{name}' was not found in workspace '{scope.workspace}'.")
    scale = clusters.read_scale(context, record)
    if scale is None:
        return
    if count > scale.most:
        # That Azure refuses it at once, and its words, are a guess.
        sentence = f"The job asks for {count} nodes, and the compute target '{name}' has at most {scale.most}."
        raise ArmError(400, "UserError", sentence)
    own = record.body["properties"]["properties"]
    if (size := sizes.find(own["vmSize"])) is not None:
        quotas.check_job(context, size, count, is_low_priority=clusters.is_low_priority(own))


def _find(context: Context, scope: Scope, name: str) -> tuple[Record, runs.Run]:
    record = context.store.get(KIND, scope, name)
    with context.store.reading() as connection:
        run = runs.find(connection, scope.key, name)
    if record is None or run is None:
        raise ArmError(404, "NotFound", f"Not found: the job '{name}' is not in workspace '{scope.workspace}'.")
    return record, run


def _to_arm(context: Context, scope: Scope, pairs: list[tuple[Record, runs.Run]]) -> list[dict[str, Any]]:
    with context.store.reading() as connection:
        tags = runs.read_tags(connection, [run.number for _, run in pairs])
    return [
        {
            "id": f"{scope.arm_id}/jobs/{record.name}",
            "name": record.name,
            "type": "Microsoft.MachineLearningServices/workspaces/jobs",
            "systemData": stamps.system_data(record),
            "properties": {
                **record.body["properties"],
                "outputs": outputs.to_arm(record.body["properties"], is_final=run.is_final),
                "displayName": run.name,
                "tags": {name: value for name, value in tags[run.number].items() if not name.startswith("mlflow.")},
                "properties": record.body["properties"].get("properties") or {},
                "status": run.status,
                "isArchived": run.lifecycle != "active",
                "services": _services(context, scope, run, record.body["properties"].get("services") or {}),
            },
        }
        for record, run in pairs
    ]


def _services(context: Context, scope: Scope, run: runs.Run, asked: dict[str, Any]) -> dict[str, Any]:
    """Those that every job has, and the interactive ones that were asked for, which amlocal does not start."""
    refused = {"status": "Failed", "errorMessage": "amlocal starts no interactive services."}
    studio = f"{context.settings.public_url}/runs/{run.id}?wsid={scope.arm_id}"
    return {
        **{name: {**service, **refused} for name, service in asked.items() if service},
        "Tracking": {"jobServiceType": "Tracking", "endpoint": command_lines.tracking_uri(context, scope)},
        "Studio": {"jobServiceType": "Studio", "endpoint": studio},
    }


def _next_link(context: Context, request: Request, token: str) -> str:
    from urllib.parse import urlencode

    query = {name: value for name, value in request.query.items() if name != "$skiptoken"}
    return f"{context.settings.public_url}{request.raw_path}?{urlencode({**query, '$skipToken': token})}"
