"""Computes: clusters (AmlCompute) created, read, listed, resized, deleted; Kubernetes attached and detached. Which job
runs on one is decided in runner.py, which nodes one has in nodes.py."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amlocal.arm import durations, operations, sizes
from amlocal.arm.nodes import Node, Scale
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

KIND = "computes"
FIRST = "cpu-cluster"
# Azure's rule for clusters: a letter first, letters, digits and hyphens, 2 to 32, no hyphen at the end.
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,30}[A-Za-z0-9]$")
NOT_HERE = (
    "ComputeInstance",
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


def read_scale(context: Context, record: Record) -> Scale | None:
    """How many nodes a cluster may have; None for what is no cluster."""
    settings = (record.body["properties"].get("properties") or {}).get("scaleSettings")
    if not settings:
        return None
    idle = durations.seconds(settings["nodeIdleTimeBeforeScaleDown"]) or 0.0
    scaled = idle * context.settings.time_scale
    return Scale(int(settings["minNodeCount"]), int(settings["maxNodeCount"]), scaled)


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(_to_arm(context, scope, find(context, scope, name)))


def list_all(context: Context, request: Request, *, scope: Scope) -> Response:
    return pages.answer(context, request, KIND, scope, lambda record: _to_arm(context, scope, record))


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PUT: creates a cluster, changes its scale, tags and description, or attaches Kubernetes."""
    body = request.json()
    sent = dict(body.get("properties") or {})
    _check_kind(sent.get("computeType"))
    if not NAME.match(name):
        raise ArmError(
            400,
            "InvalidComputeName",
            f"{name!r} is not a compute name: 2 to 32 letters, digits and hyphens, a letter first.",
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
                "properties": _read_properties(sent, before),
                "provisioningState": "Updating" if old else "Creating",
            },
        }
        context.store.put(KIND, scope, name, "", stored)
        operation = context.operations.begin(scope, KIND, name, verb="put", region=stored["location"])
    context.runner.look_again()
    answer = _to_arm(context, scope, find(context, scope, name))
    # An old SDK reads an answer that needs no polling twice, and loses what kind of compute it is.
    is_polled = request.is_from_old_sdk
    return operations.accepted(context, operation, answer, 200 if old else 201, is_polled=is_polled)


def change(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PATCH: the scale only."""
    scale = ((request.json().get("properties") or {}).get("properties") or {}).get("scaleSettings") or {}

    def edit(body: dict[str, Any]) -> None:
        own = body["properties"]["properties"]
        body["properties"]["properties"] = _prepared({**own, "scaleSettings": scale}, own)
        body["properties"]["provisioningState"] = "Updating"

    with context.store.writing():
        if read_scale(context, find(context, scope, name)) is None:
            raise ArmError(400, "InvalidComputeType", f"Compute {name} is no cluster: it has no scale.")
        context.store.change(KIND, scope, name, "", edit)
        operation = context.operations.begin(scope, KIND, name, verb="put")
    context.runner.look_again()
    return operations.accepted(context, operation, _to_arm(context, scope, find(context, scope, name)), 200)


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
    context.runner.nodes.forget(_key(scope, name))
    return operations.accepted(context, operation)


def list_nodes(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """POST …/computes/{name}/listNodes"""
    return json_response(
        {
            "nodes": [
                {"nodeId": node.id, "nodeState": "running" if node.run else "idle", "runId": node.run or None}
                for node in _nodes(context, scope, find(context, scope, name))[0]
            ]
        }
    )


def _nodes(context: Context, scope: Scope, record: Record) -> tuple[list[Node], float | None]:
    scale = read_scale(context, record)
    return context.runner.nodes.read(_key(scope, record.name), scale) if scale else ([], None)


def _key(scope: Scope, name: str) -> tuple[str, str]:
    return scope.key, name.lower()


def _check_kind(kind: Any) -> None:
    if kind in NOT_HERE:
        raise ArmError(
            501,
            "NotImplementedHere",
            f"Computes of type {kind} are not in amlocal yet, only AmlCompute and Kubernetes.",
        )
    if kind not in ("AmlCompute", "Kubernetes"):
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


def _read_properties(sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Raises ArmError 400."""
    own = sent.get("properties") or {}
    if sent["computeType"] == "AmlCompute":
        return _prepared(own, before)
    if not sent.get("resourceId"):
        raise ArmError(400, "InvalidResourceId", "Kubernetes is attached by the resourceId of a cluster.")
    return {"namespace": "default", **before, **{key: value for key, value in own.items() if value is not None}}


def _state(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    """What a cluster's nodes do; they come and go at once, so its allocation is always steady."""

    nodes, changed_at = _nodes(context, scope, record)
    running = sum(bool(node.run) for node in nodes)
    moved_at = int(changed_at * 1_000_000) if changed_at else record.modified_at
    return {
        "allocationState": "Steady",
        "allocationStateTransitionTime": stamps.iso(moved_at),
        "currentNodeCount": len(nodes),
        "targetNodeCount": len(nodes),
        "nodeStateCounts": {**_NO_NODES, "runningNodeCount": running, "idleNodeCount": len(nodes) - running},
        "errors": None,
    }


def _to_arm(context: Context, scope: Scope, record: Record) -> dict[str, Any]:

    body = record.body
    arm_id = f"{scope.arm_id}/computes/{record.name}"
    is_cluster = body["properties"]["computeType"] == "AmlCompute"
    properties = {
        "computeLocation": body["location"],
        "disableLocalAuth": False,
        "isAttachedCompute": not is_cluster,
        "provisioningErrors": None,
        "resourceId": None,
        **body["properties"],
        "createdOn": stamps.iso(record.created_at),
        "modifiedOn": stamps.iso(record.modified_at),
        "properties": {
            **body["properties"]["properties"],
            **(_state(context, scope, record) if is_cluster else {}),
        },
    }
    return {
        "id": arm_id,
        "name": record.name,
        "type": "Microsoft.MachineLearningServices/workspaces/computes",
        "location": body["location"],
        "tags": body.get("tags") or {},
        "identity": body.get("identity"),
        "systemData": stamps.system_data(record),
        "properties": properties,
    }


_NO_NODES = {
    "idleNodeCount": 0,
    "runningNodeCount": 0,
    "preparingNodeCount": 0,
    "unusableNodeCount": 0,
    "leavingNodeCount": 0,
    "preemptedNodeCount": 0,
}
