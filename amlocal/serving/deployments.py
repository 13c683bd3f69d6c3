"""Online deployments: put (create, update, scale), get, list, logs, delete. The processes that serve them are
fleets.py's."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from amlocal.arm import operations
from amlocal.arm.operations import OperationFailed
from amlocal.building import interpreters
from amlocal.serving import endpoints
from amlocal.serving.fleets import Broken
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.arm.operations import Operation
    from amlocal.context import Context

KIND = endpoints.DEPLOYMENTS
LIMIT = 20
INSTANCE_LIMIT = 50
REQUEST_DEFAULTS = {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"}
# Documented as `defaultinstancetype`.
KUBERNETES_RESOURCES = {
    "containerResourceRequests": {"cpu": "100m", "memory": "2Gi"},
    "containerResourceLimits": {"cpu": "2", "memory": "2Gi"},
}
CONTAINERS = {"storageinitializer": "storage-initializer", "inferenceserver": "inference-server"}
# Stored under the endpoint's name with the deployment's as version: the pair is what names it.


def put(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    """201 and an operation to wait for: it ends when every instance answers its readiness probe, or as Failed with the
    log kept."""
    asked = request.json()
    found = endpoints.find(context, scope, endpoint)
    body = _read(context, scope, found, name, asked)
    with context.store.writing():
        known = context.store.get(KIND, scope, endpoint, name)
        endpoints.check_unlocked(context, scope, KIND, found.name, name)
        if known is None and len(context.store.list(KIND, scope, name=endpoint, top=LIMIT).records) >= LIMIT:
            raise ArmError(400, "BadArgument", f"An endpoint can have at most {LIMIT} deployments.")
        body["properties"]["provisioningState"] = "Creating" if known is None else "Updating"
        body["generation"] = known.body["generation"] if known else 0
        context.store.put(KIND, scope, found.name, name, body)
        operation = context.operations.begin(scope, KIND, found.name, name, verb="put")
    answer = to_arm(scope, _find(context, scope, endpoint, name))
    return operations.accepted(context, operation, answer, 201 if known is None else 200)


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


def list_(context: Context, request: Request, *, scope: Scope, endpoint: str) -> Response:
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
    return operations.accepted(context, operation)


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
    tail = int(request.json().get("tail") or 100)
    return json_response({"content": context.fleet.read_log(record, container, tail)})


def list_skus(context: Context, request: Request, *, scope: Scope, endpoint: str, name: str) -> Response:
    record = _find(context, scope, endpoint, name)
    sku = {"name": "Default", "tier": "Standard"}
    capacity = {
        "minimum": 1,
        "maximum": INSTANCE_LIMIT,
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


def _find(context: Context, scope: Scope, endpoint: str, name: str) -> Record:
    record = context.store.get(KIND, scope, endpoint, name)
    if record is None:
        what = f"onlineEndpoints/{endpoint}/deployments/{name}"
        message = f"The Resource '{what}' under workspace '{scope.workspace}' was not found."
        raise ArmError(404, "ResourceNotFound", message)
    return record


def _find_model(context: Context, scope: Scope, model: str) -> Record | None:
    """The version of an ARM id; None for other spellings. Raises ArmError 400."""
    found = re.match(r".*/models/([^/]+)/versions/([^/]+)$", model, re.IGNORECASE)
    if found is None or "/registries/" in model.lower():
        return None
    record = context.store.get("models", scope, found[1], found[2])
    if record is None:
        raise ArmError(400, "ResourceNotFound", f"The specified resource was not found: model {found[1]}:{found[2]}.")
    return record


def _read(context: Context, scope: Scope, endpoint: Record, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    endpoints.check_name("deployment", name)
    properties = dict(asked.get("properties") or {})
    scale = properties.get("scaleSettings") or {"scaleType": "Default"}
    # What scales itself on Azure stays at its smallest size here.
    capacity = int((asked.get("sku") or {}).get("capacity") or scale.get("minInstances") or 1)
    if not 1 <= capacity <= INSTANCE_LIMIT:
        raise ArmError(400, "BadArgument", f"A deployment has 1 to {INSTANCE_LIMIT} instances, not {capacity}.")
    model = _find_model(context, scope, str(properties.get("model") or ""))
    has_code = bool((properties.get("codeConfiguration") or {}).get("codeId"))
    if not has_code and (model is None or model.body["properties"]["modelType"] != "mlflow_model"):
        raise ArmError(
            501,
            "NotImplementedHere",
            "Deployments that have neither a scoring script nor an MLflow model (custom containers, Triton) are not in"
            " amlocal yet.",
        )
    interpreters.check(context, scope, str(properties.get("environmentId") or ""))
    settings = {key: value for key, value in (properties.get("requestSettings") or {}).items() if value is not None}
    properties["requestSettings"] = {**REQUEST_DEFAULTS, **settings}
    properties.setdefault("endpointComputeType", "Kubernetes" if endpoint.body["kind"] == "K8S" else "Managed")
    properties["scaleSettings"] = scale
    if properties["endpointComputeType"] == "Kubernetes":
        asked_resources = properties.get("containerResourceRequirements")
        properties["containerResourceRequirements"] = asked_resources or KUBERNETES_RESOURCES
    return {
        "location": asked.get("location") or endpoint.body["location"],
        "tags": asked.get("tags") or {},
        "kind": asked.get("kind") or endpoint.body["kind"],
        "sku": {"name": "Default", "tier": "Standard", **(asked.get("sku") or {}), "capacity": capacity},
        "properties": properties,
    }
