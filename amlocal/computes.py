"""Compute clusters (AmlCompute): created, read, listed, resized, deleted. Which job runs on one is decided where jobs
run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amlocal import operations, pages, sizes
from amlocal.http import ArmError, Request, Response, json_response
from amlocal.store import Record, Scope

if TYPE_CHECKING:
    from amlocal.context import Context

KIND = "computes"
FIRST = "cpu-cluster"
# Azure's rule for clusters: a letter first, letters, digits and hyphens, 2 to 32, no hyphen at the end.
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]$")
NOT_HERE = (
    "ComputeInstance",
    "Kubernetes",
    "AKS",
    "VirtualMachine",
    "Databricks",
    "DataFactory",
    "SynapseSpark",
    "HDInsight",
)
NODE_LIMIT = 100


def make_first(context: Context, scope: Scope, location: str) -> None:
    """The cluster that is there from the start."""
    own = {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}
    body = {"location": location, "properties": {"computeType": "AmlCompute", "properties": _prepared(own, {})}}
    body["properties"]["provisioningState"] = "Succeeded"  # type: ignore[index]
    context.store.put(KIND, scope, FIRST, "", body)


def find(context: Context, scope: Scope, name: str) -> Record:
    """Raises ArmError 404."""
    record = context.store.get(KIND, scope, name)
    if record is None:
        raise ArmError(
            404, "ComputeNotFound", f"Compute with name {name} was not found in workspace {scope.workspace}."
        )
    return record


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(_to_arm(scope, find(context, scope, name)))


def list_all(context: Context, request: Request, *, scope: Scope) -> Response:
    return pages.answer(context, request, KIND, scope, lambda record: _to_arm(scope, record))


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PUT: creates a cluster or changes its scale, tags and description."""
    body = request.json()
    sent = dict(body.get("properties") or {})
    _check_kind(sent.get("computeType"))
    if not NAME.match(name):
        raise ArmError(
            400,
            "InvalidComputeName",
            f"{name!r} is not a cluster name: 2 to 32 letters, digits and hyphens, a letter first.",
        )
    with context.store.writing():
        old = context.store.get(KIND, scope, name)
        if context.operations.open_on(scope, KIND, name):
            raise ArmError(409, "Conflict", f"Compute {name} is being changed or deleted; wait until that has ended.")
        before = old.body["properties"]["properties"] if old else {}
        stored: dict[str, Any] = {
            "location": body.get("location") or sent.get("computeLocation") or context.settings.region,
            "tags": body.get("tags") or {},
            "identity": body.get("identity"),
            "properties": {
                **sent,
                "properties": _prepared(sent.get("properties") or {}, before),
                "provisioningState": "Updating" if old else "Creating",
            },
        }
        context.store.put(KIND, scope, name, "", stored)
        operation = context.operations.begin(scope, KIND, name, verb="put", region=stored["location"])
    return operations.accepted(context, operation, _to_arm(scope, find(context, scope, name)), 200 if old else 201)


def change(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PATCH: the scale only."""
    scale = ((request.json().get("properties") or {}).get("properties") or {}).get("scaleSettings") or {}

    def edit(body: dict[str, Any]) -> None:
        own = body["properties"]["properties"]
        body["properties"]["properties"] = _prepared({**own, "scaleSettings": scale}, own)
        body["properties"]["provisioningState"] = "Updating"

    with context.store.writing():
        find(context, scope, name)
        context.store.change(KIND, scope, name, "", edit)
        operation = context.operations.begin(scope, KIND, name, verb="put")
    return operations.accepted(context, operation, _to_arm(scope, find(context, scope, name)), 200)


def delete(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """DELETE ?underlyingResourceAction=Delete|Detach"""

    def mark(body: dict[str, Any]) -> None:
        body["properties"]["provisioningState"] = "Deleting"

    with context.store.writing():
        find(context, scope, name)
        if context.operations.open_on(scope, KIND, name):
            raise ArmError(409, "Conflict", f"Compute {name} is being changed or deleted; wait until that has ended.")
        context.store.change(KIND, scope, name, "", mark)
        operation = context.operations.begin(scope, KIND, name, verb="delete")
    return operations.accepted(context, operation)


def list_sizes(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/vmSizes"""
    return json_response({"value": [sizes.to_arm(size, region) for size in sizes.SIZES]})


def list_usages(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/usages: cores in clusters of the subscription, against a quota that is only told, not
    kept."""
    used = 0
    for record in context.store.list(KIND, None, top=1_000_000).records:
        own = record.body["properties"]["properties"]
        used += sizes.cores_of(own["vmSize"]) * int(own["scaleSettings"]["maxNodeCount"])
    prefix = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{region}/usages"
    total = {
        "id": f"{prefix}/totalCores",
        "type": "Microsoft.MachineLearningServices/usages",
        "unit": "Count",
        "currentValue": used,
        "limit": sizes.QUOTA_CORES,
        "name": {
            "value": "Total Cluster Dedicated Regional vCPUs",
            "localizedValue": "Total Cluster Dedicated Regional vCPUs",
        },
    }
    return json_response({"value": [total]})


def _check_kind(kind: Any) -> None:
    if kind in NOT_HERE:
        raise ArmError(501, "NotImplementedHere", f"Computes of type {kind} are not in amlocal yet, only AmlCompute.")
    if kind != "AmlCompute":
        raise ArmError(400, "InvalidComputeType", f"{kind!r} is not a compute type.")


def _prepared(sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The cluster's own properties with Azure's defaults. Raises ArmError 400."""
    own: dict[str, Any] = {
        "vmPriority": "Dedicated",
        "osType": "Linux",
        "enableNodePublicIp": True,
        "remoteLoginPortPublicAccess": "NotSpecified",
    }
    own |= before | {key: value for key, value in sent.items() if value is not None}
    size = sizes.find(str(own.get("vmSize", "")))
    if size is None:
        raise ArmError(
            400, "InvalidVmSize", f"The VM size {own.get('vmSize')!r} is not in amlocal's table: see the list of sizes."
        )
    if before and before["vmSize"].lower() != size.name.lower():
        raise ArmError(
            400, "CannotUpdateVmSize", "The VM size of a cluster cannot be changed: delete it and create another."
        )
    scale: dict[str, Any] = {"minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"}
    scale |= own.get("scaleSettings") or {}
    least, most = int(scale.get("minNodeCount") or 0), int(scale.get("maxNodeCount") or 0)
    if not (0 <= least <= most and 1 <= most <= NODE_LIMIT):
        raise ArmError(
            400,
            "InvalidScaleSettings",
            f"A cluster has 0 ≤ min ≤ max ≤ {NODE_LIMIT} nodes and max ≥ 1, not {least} and {most}.",
        )
    return {**own, "vmSize": size.name.upper(), "scaleSettings": {**scale, "minNodeCount": least, "maxNodeCount": most}}


def _to_arm(scope: Scope, record: Record) -> dict[str, Any]:
    from amlocal.workspaces import iso, system_data

    body = record.body
    arm_id = f"{scope.arm_id}/computes/{record.name}"
    state: dict[str, Any] = {
        "allocationState": "Steady",
        "allocationStateTransitionTime": iso(record.modified_at),
        "currentNodeCount": 0,
    }
    state |= {"targetNodeCount": 0, "nodeStateCounts": dict.fromkeys(_NODE_STATES, 0), "errors": None}
    properties = {
        "computeLocation": body["location"],
        "disableLocalAuth": False,
        "isAttachedCompute": False,
        "provisioningErrors": None,
        "resourceId": None,
        **body["properties"],
        "createdOn": iso(record.created_at),
        "modifiedOn": iso(record.modified_at),
        "properties": {**body["properties"]["properties"], **state},
    }
    return {
        "id": arm_id,
        "name": record.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": body["location"],
        "tags": body.get("tags") or {},
        "identity": body.get("identity"),
        "systemData": system_data(record),
        "properties": properties,
    }


_NODE_STATES = (
    "idleNodeCount",
    "runningNodeCount",
    "preparingNodeCount",
    "unusableNodeCount",
    "leavingNodeCount",
    "preemptedNodeCount",
)
