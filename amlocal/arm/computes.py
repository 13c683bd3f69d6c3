"""Computes: clusters (AmlCompute) created, read, listed, resized, deleted; Kubernetes attached and detached. Which job
runs on one is decided in runner.py; what a cluster may ask for is in clusters.py."""

from __future__ import annotations

from typing import Any

from amlocal.arm import clusters, polls
from amlocal.arm.context import Context
from amlocal.arm.operations import Operation
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "computes"
FIRST = "cpu-cluster"
# Azure's rule for clusters: a letter first, letters, digits and hyphens, 2 to 32, no hyphen at the end.
NOT_HERE = (
    "ComputeInstance",
    "AKS",
    "VirtualMachine",
    "Databricks",
    "DataFactory",
    "SynapseSpark",
    "HDInsight",
)


def make_first(context: Context, scope: Scope, location: str) -> None:
    """The cluster that is there from the start."""
    own = {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}
    body = {
        "location": location,
        "properties": {"computeType": "AmlCompute", "properties": clusters.prepare(context, own, {})},
    }
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
    return json_response(_to_arm(context, scope, find(context, scope, name)))


def list_computes(context: Context, request: Request, *, scope: Scope) -> Response:
    return pages.answer(context, request, KIND, scope, lambda record: _to_arm(context, scope, record))


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PUT: creates a cluster, changes its scale, tags and description, or attaches Kubernetes."""
    body = request.json()
    sent = dict(body.get("properties") or {})
    _check_kind(sent.get("computeType"))
    if told := names.COMPUTE.broken(name):
        raise ArmError(400, "InvalidComputeName", told)
    with context.store.writing():
        old = context.store.get(KIND, scope, name)
        if context.operations.open_on(scope, KIND, name):
            raise ArmError(409, "Conflict", f"Compute {name} is being changed or deleted; wait until that has ended.")
        before = old.body["properties"]["properties"] if old else {}
        stored: dict[str, Any] = {
            "location": body.get("location") or sent.get("computeLocation") or context.settings.region,
            "tags": body.get("tags") or {},
            "identity": body.get("identity"),
            "properties": {**sent, "properties": _read_properties(context, sent, before)},
        }
        operation = _save(context, scope, name, stored, "Updating" if old else "Creating")
    # An old SDK reads an answer that needs no polling twice, and loses what kind of compute it is.
    is_polled = request.is_from_old_sdk
    return _accepted(context, scope, name, operation, 200 if old else 201, is_polled=is_polled)


def change(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PATCH: the scale only."""
    scale = ((request.json().get("properties") or {}).get("properties") or {}).get("scaleSettings") or {}
    with context.store.writing():
        known = find(context, scope, name)
        if clusters.read_scale(context, known) is None:
            raise ArmError(400, "InvalidComputeType", f"Compute {name} is no cluster: it has no scale.")
        own = known.body["properties"]["properties"]
        prepared = clusters.prepare(context, {**own, "scaleSettings": scale}, own)
        clusters.check_quota(context, prepared)
        stored = {**known.body, "properties": {**known.body["properties"], "properties": prepared}}
        operation = _save(context, scope, name, stored, "Updating")
    return _accepted(context, scope, name, operation, 200)


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
    context.capacity.remove(scope, name)
    return polls.accepted(context, operation)


def list_nodes(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """POST …/computes/{name}/listNodes"""
    return json_response(
        {
            "nodes": [
                {"nodeId": node.id, "nodeState": "running" if node.run else "idle", "runId": node.run or None}
                for node in clusters.read_nodes(context, scope, find(context, scope, name))[0]
            ]
        }
    )


def _save(context: Context, scope: Scope, name: str, body: dict[str, Any], state: str) -> Operation:
    """Store a compute as PUT or PATCH asks for it, and begin the operation."""
    body["properties"]["provisioningState"] = state
    context.store.put(KIND, scope, name, "", body)
    return context.operations.begin(scope, KIND, name, verb="put", region=body["location"])


def _accepted(
    context: Context, scope: Scope, name: str, operation: Operation, status: int, *, is_polled: bool = False
) -> Response:
    context.capacity.announce_change()
    answer = _to_arm(context, scope, find(context, scope, name))
    return polls.accepted(context, operation, answer, status, is_polled=is_polled)


def _check_kind(kind: Any) -> None:
    if kind in NOT_HERE:
        raise ArmError(
            501,
            "NotImplementedHere",
            f"Computes of type {kind} are not in amlocal yet, only AmlCompute and Kubernetes.",
        )
    if kind not in ("AmlCompute", "Kubernetes"):
        raise ArmError(400, "InvalidComputeType", f"{kind!r} is not a compute type.")


def _read_properties(context: Context, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Raises ArmError 400."""
    own = sent.get("properties") or {}
    if sent["computeType"] == "AmlCompute":
        prepared = clusters.prepare(context, own, before)
        clusters.check_quota(context, prepared)
        return prepared
    if not sent.get("resourceId"):
        raise ArmError(400, "InvalidResourceId", "Kubernetes is attached by the resourceId of a cluster.")
    return {"namespace": "default", **before, **{key: value for key, value in own.items() if value is not None}}


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
            **(clusters.state(context, scope, record) if is_cluster else {}),
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
