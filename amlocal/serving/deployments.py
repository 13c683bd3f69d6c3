"""Online deployments: put (create, update, scale), get, list, logs, delete. What one may ask for is in
specifications.py, the processes that serve it are fleets.py's."""

from __future__ import annotations

from functools import partial
from typing import Any

from amlocal.arm import polls, quotas, usages
from amlocal.arm.operations import Operation, OperationFailed
from amlocal.serving import endpoints, specifications
from amlocal.serving.context import Context
from amlocal.serving.fleets import Broken
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = endpoints.DEPLOYMENTS
CONTAINERS = {"storageinitializer": "storage-initializer", "inferenceserver": "inference-server"}
# Stored under the endpoint's name with the deployment's as version: the pair is what names it.


def put(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    """201 and an operation to wait for: it ends when every instance answers its readiness probe, or as Failed with the
    log kept."""
    asked = request.json()
    found = endpoints.find(context, scope, endpoint)
    body = specifications.read(context, scope, found, name, asked)
    with context.store.writing():
        known = context.store.get(KIND, scope, endpoint, name)
        endpoints.check_unlocked(context, scope, KIND, found.name, name)
        _check_recoverable(known)
        limit = quotas.read(context, "endpoint_deployments")
        if known is None and len(context.store.list(KIND, scope, name=endpoint, top=limit).records) >= limit:
            raise ArmError(400, "BadArgument", f"An endpoint can have at most {limit} deployments.")
        usages.check_deployment(context, scope, found.name, name, body)
        body["properties"]["provisioningState"] = "Creating" if known is None else "Updating"
        body["generation"] = known.body["generation"] if known else 0
        context.store.put(KIND, scope, found.name, name, body)
        operation = context.operations.begin(scope, KIND, found.name, name, verb="put")
    answer = endpoints.with_address(context, operation, to_arm(scope, _find(context, scope, endpoint, name)))
    return polls.accepted(context, operation, answer, 201 if known is None else 200)


def put_worker(context: Context, operation: Operation) -> None:
    """Starts, changes or scales the servers of a deployment. Raises OperationFailed."""
    record = context.store.get(KIND, operation.scope, operation.name, operation.version)
    if record is None:
        raise OperationFailed("OperationCanceled", "The deployment was deleted while it was being created.")
    try:
        context.fleet.deploy(operation.scope, record)
    except Broken as exc:
        raise OperationFailed(exc.code, exc.message) from exc


def get(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    endpoints.find(context, scope, endpoint)
    return json_response(to_arm(scope, _find(context, scope, endpoint, name)))


def list_deployments(context: Context, request: Request, *, scope: Scope, endpoint: str) -> Response:
    endpoints.find(context, scope, endpoint)
    return pages.answer(context, request, KIND, scope, partial(to_arm, scope), name=endpoint)


def delete(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    """204 when there is none. The least kind profile refuses while the deployment has traffic, as Azure does."""
    with context.store.writing():
        record = context.store.get(KIND, scope, endpoint, name)
        if record is None:
            return Response(204)
        found = endpoints.find(context, scope, endpoint)
        if context.settings.is_least_kind and found.body["properties"]["traffic"].get(record.version):
            sentence = f"Deployment '{name}' has non-zero live traffic. Set its traffic to 0 before deleting it."
            raise ArmError(400, "BadArgument", sentence)
        endpoints.check_unlocked(context, scope, KIND, endpoint, name)
        context.store.change(
            KIND, scope, endpoint, name, lambda body: body["properties"].update(provisioningState="Deleting")
        )
        operation = context.operations.begin(scope, KIND, record.name, record.version, verb="delete")
    return polls.accepted(context, operation)


def delete_worker(context: Context, operation: Operation) -> None:
    record = context.store.get(KIND, operation.scope, operation.name, operation.version)
    if record is not None:
        endpoints.take_from_traffic(context, operation.scope, operation.name, operation.version)
        context.fleet.remove(record)


def get_logs(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    """The last `tail` lines of the server or of the storage initializer; they stay readable after a failed start."""
    record = _find(context, scope, endpoint, name)
    container = CONTAINERS.get(str(request.json().get("containerType") or "InferenceServer").replace("-", "").lower())
    if container is None:
        raise ArmError(400, "BadArgument", "containerType must be InferenceServer or StorageInitializer.")
    tail = request.json().get("tail")
    tail = 100 if tail is None else int(tail)
    if tail < 1:
        raise ArmError(400, "BadArgument", "tail must be 1 or more.")
    return json_response({"content": context.fleet.read_log(record, container, tail)})


def list_skus(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    record = _find(context, scope, endpoint, name)
    sku = {"name": "Default", "tier": "Standard"}
    capacity = {
        "minimum": 1,
        "maximum": quotas.read(context, "deployment_instances"),
        "default": record.body["sku"]["capacity"],
        "scaleType": "Manual",
    }
    return json_response({"value": [{"resourceType": "onlineDeployments", "sku": sku, "capacity": capacity}]})


def to_arm(scope: Scope, record: Record) -> dict[str, Any]:
    return {
        "id": f"{scope.arm_id}/onlineEndpoints/{record.name}/deployments/{record.version}",
        "name": record.version,
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
        "location": record.body["location"],
        "tags": record.body["tags"],
        "kind": record.body["kind"],
        "sku": record.body["sku"],
        "systemData": stamps.system_data(record),
        "properties": record.body["properties"],
    }


def _check_recoverable(known: Record | None) -> None:
    """Azure's words for a deployment that never served. Raises ArmError 400."""
    if known is not None and known.body["properties"]["provisioningState"] == "Failed" and not known.body["generation"]:
        sentence = (
            f"Specified deployment [{known.version}] failed during initial provisioning and is in an unrecoverable"
            " state. Delete and re-create."
        )
        details = [{"code": "InferencingClientCallFailed", "message": sentence}]
        raise ArmError(400, "BadRequest", "The request is invalid.", details)


def _find(context: Context, scope: Scope, endpoint: str, name: str) -> Record:
    record = context.store.get(KIND, scope, endpoint, name)
    if record is None:
        what = f"onlineEndpoints/{endpoint}/deployments/{name}"
        message = f"The Resource '{what}' under workspace '{scope.workspace}' was not found."
        raise ArmError(404, "ResourceNotFound", message)
    return record
