"""What a cluster (AmlCompute) may ask for, how many nodes it may have, and what they do right now. Its REST side is in
computes.py, the nodes themselves are in nodes.py."""

from __future__ import annotations

from typing import Any

from amlocal.arm import durations, nodes, quotas, sizes
from amlocal.arm.context import Context
from amlocal.arm.nodes import Node, Scale
from amlocal.storage import stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError

_DEFAULTS = {
    "vmPriority": "Dedicated",
    "osType": "Linux",
    "enableNodePublicIp": True,
    "remoteLoginPortPublicAccess": "NotSpecified",
}
_NO_NODES = {
    "idleNodeCount": 0,
    "runningNodeCount": 0,
    "preparingNodeCount": 0,
    "unusableNodeCount": 0,
    "leavingNodeCount": 0,
    "preemptedNodeCount": 0,
}


def prepare(context: Context, sent: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """A cluster's own properties with Azure's defaults, over those it had before. Raises ArmError 400."""
    own: dict[str, Any] = {**_DEFAULTS, **before, **{key: value for key, value in sent.items() if value is not None}}
    if own.get("userAccountCredentials"):
        # Nobody can sign in to these nodes, and a password is not to be kept for nothing.
        own["userAccountCredentials"] = {**own["userAccountCredentials"], "adminUserPassword": None}
    size = sizes.find(str(own.get("vmSize", "")))
    if size is None:
        raise ArmError(
            400, "InvalidVmSize", f"The VM size {own.get('vmSize')!r} is not in amlocal's table: see the list of sizes."
        )
    if before and before["vmSize"].lower() != size.name.lower():
        raise ArmError(
            400, "CannotUpdateVmSize", "The VM size of a cluster cannot be changed: delete it and create another."
        )
    scale = _read_scale(context, own.get("scaleSettings") or {})
    return {**own, "vmSize": size.name.upper(), "scaleSettings": scale}


def check_quota(context: Context, own: dict[str, Any]) -> None:
    """Of a cluster's own properties, prepared. Raises ArmError 400."""
    if (size := sizes.find(own["vmSize"])) is not None:
        quotas.check_cluster(context, size, own["scaleSettings"]["minNodeCount"], is_low_priority=is_low_priority(own))


def is_low_priority(own: dict[str, Any]) -> bool:
    """Of a cluster's own properties."""
    return str(own.get("vmPriority")).lower() == "lowpriority"


def read_scale(context: Context, record: Record) -> Scale | None:
    """How many nodes a cluster may have; None for what is no cluster."""
    settings = (record.body["properties"].get("properties") or {}).get("scaleSettings")
    if not settings:
        return None
    idle = durations.seconds(settings["nodeIdleTimeBeforeScaleDown"]) or 0.0
    scaled = idle * context.settings.time_scale
    return Scale(int(settings["minNodeCount"]), int(settings["maxNodeCount"]), scaled)


def read_nodes(context: Context, scope: Scope, record: Record) -> tuple[list[Node], float | None]:
    """The nodes a cluster has now, and when that changed, in seconds since 1970."""
    own_scale = read_scale(context, record)
    return context.capacity.nodes.read(nodes.key(scope, record.name), own_scale) if own_scale else ([], None)


def state(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    """What a cluster's nodes do; they come and go at once, so its allocation is always steady."""
    found, changed_at = read_nodes(context, scope, record)
    shortage = context.capacity.read_shortage(nodes.key(scope, record.name))
    running = sum(bool(node.run) for node in found)
    moved_at = int(changed_at * 1_000_000) if changed_at else record.modified_at
    return {
        "allocationState": "Steady",
        "allocationStateTransitionTime": stamps.iso(moved_at),
        "currentNodeCount": len(found),
        "targetNodeCount": len(found),
        "nodeStateCounts": {**_NO_NODES, "runningNodeCount": running, "idleNodeCount": len(found) - running},
        "errors": [{"error": {"code": "ClusterCoreQuotaReached", "message": shortage}}] if shortage else None,
    }


def _read_scale(context: Context, asked: dict[str, Any]) -> dict[str, Any]:
    scale: dict[str, Any] = {"minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M", **asked}
    least, most = int(scale.get("minNodeCount") or 0), int(scale.get("maxNodeCount") or 0)
    limit = quotas.read(context, "cluster_nodes")
    if not (0 <= least <= most and 1 <= most <= limit):
        raise ArmError(
            400,
            "InvalidScaleSettings",
            f"A cluster has 0 ≤ min ≤ max ≤ {limit} nodes and max ≥ 1, not {least} and {most}.",
        )
    return {**scale, "minNodeCount": least, "maxNodeCount": most}
