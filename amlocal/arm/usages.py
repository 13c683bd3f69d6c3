"""What is used of a region's quotas: cores of nodes and of deployments, endpoints. What may be used is in quotas.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amlocal.arm import clusters, quotas, sizes
from amlocal.arm.context import Context
from amlocal.arm.sizes import Size
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

EVERY = 1_000_000
COMPUTES, ENDPOINTS, DEPLOYMENTS = "computes", "endpoints", "deployments"


@dataclass(frozen=True)
class Use:
    """`key` names who uses the cores: kind, workspace, name, version."""

    key: tuple[str, ...]
    size: Size
    cores: int
    is_low_priority: bool = False


def list_sizes(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/vmSizes"""
    return json_response({"value": [sizes.to_arm(size, region) for size in sizes.SIZES]})


def list_usages(context: Context, request: Request, *, subscription: str, region: str) -> Response:
    """GET …/locations/{region}/usages: cores of the nodes that clusters have now and of deployments, in all and by
    family of machines."""
    uses = list(_list_cores(context, subscription, region))
    dedicated = [use for use in uses if not use.is_low_priority]
    low = sum(use.cores for use in uses if use.is_low_priority)
    used = dict.fromkeys((size.family for size in sizes.SIZES), 0)
    for use in dedicated:
        used[use.size.family] += use.cores
    prefix = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{region}/usages"
    every, limit = sum(used.values()), quotas.read(context, "cores")
    rows = [_row(prefix, "totalCores", "Total Cluster Dedicated Regional vCPUs", every, limit)]
    limit = quotas.read(context, "low_priority_cores")
    rows.append(_row(prefix, "totalLowPriorityCores", "Total Cluster LowPriority Regional vCPUs", low, limit))
    for family, cores in used.items():
        limit = quotas.read_family(context, family)
        rows.append(_row(prefix, family, f"{family} Cluster Dedicated vCPUs", cores, limit))
    return json_response({"value": rows})


def find_shortage(context: Context, scope: Scope, cluster: Record, count: int) -> str:
    """Why a cluster cannot get `count` more nodes now, in the words of Azure's ClusterCoreQuotaReached; "" when it
    can."""
    own = cluster.body["properties"]["properties"]
    size = sizes.find(own["vmSize"])
    if size is None or count == 0:
        return ""
    return _find_shortage(context, scope, cluster.body["location"], size, count * size.cores, own=own)


def check_deployment(context: Context, scope: Scope, endpoint: str, name: str, body: dict[str, Any]) -> None:
    """That a managed deployment, as it is to be stored, fits: a fifth more instances than are asked for are reserved.
    Raises ArmError 400."""
    count, limit = len(list(_list(context, scope.subscription, DEPLOYMENTS))), quotas.read(context, DEPLOYMENTS)
    if count >= limit and context.store.get(DEPLOYMENTS, scope, endpoint, name) is None:
        raise _refused("Deployment", scope, count, limit)
    use = _use_of_deployment(scope, endpoint, name, body)
    if use is None:
        return
    others = [other for other in _list_cores(context, scope.subscription, body["location"]) if other.key != use.key]
    dedicated = [other for other in others if not other.is_low_priority]
    for what, limit in quotas.list_cores(context, use.size, is_low_priority=False):
        used = sum(other.cores for other in dedicated if what == "total" or other.size.family == use.size.family)
        if used + use.cores > limit:
            raise _not_enough(scope, use, used, limit)


def check_endpoint(context: Context, scope: Scope) -> None:
    """That there may be one more. Raises ArmError 400."""
    count, limit = len(list(_list(context, scope.subscription, ENDPOINTS))), quotas.read(context, ENDPOINTS)
    if count >= limit:
        raise _refused("Endpoint", scope, count, limit)


def _find_shortage(context: Context, scope: Scope, region: str, size: Size, cores: int, *, own: dict[str, Any]) -> str:
    is_low = clusters.is_low_priority(own)
    uses = [use for use in _list_cores(context, scope.subscription, region) if use.is_low_priority == is_low]
    for what, limit in quotas.list_cores(context, size, is_low_priority=is_low):
        used = sum(use.cores for use in uses if what == "total" or use.size.family == size.family)
        if used + cores > limit:
            return (
                f"Operation results in exceeding quota limits of Core ({what}). Maximum allowed: {limit}, Current in"
                f" use: {used}, Additional requested: {cores}."
            )
    return ""


def _list_cores(context: Context, subscription: str, region: str) -> Iterator[Use]:
    for scope, record in _list(context, subscription, COMPUTES):
        use = _use_of_cluster(context, scope, record)
        if use and _is_same(record.body["location"], region):
            yield use
    for scope, record in _list(context, subscription, DEPLOYMENTS):
        use = _use_of_deployment(scope, record.name, record.version, record.body)
        if use and _is_same(record.body["location"], region):
            yield use


def _list(context: Context, subscription: str, kind: str) -> Iterator[tuple[Scope, Record]]:
    for workspace in context.store.list("workspaces", None, top=EVERY).records:
        scope = Scope(*workspace.body["scope"])
        if scope.subscription.lower() == subscription.lower():
            yield from ((scope, record) for record in context.store.list(kind, scope, top=EVERY).records)


def _use_of_cluster(context: Context, scope: Scope, record: Record) -> Use | None:
    own = record.body["properties"].get("properties") or {}
    size = sizes.find(str(own.get("vmSize") or ""))
    if size is None:
        return None
    cores = size.cores * len(clusters.read_nodes(context, scope, record)[0])
    return Use((COMPUTES, scope.key, record.name), size, cores, clusters.is_low_priority(own))


def _use_of_deployment(scope: Scope, endpoint: str, name: str, body: dict[str, Any]) -> Use | None:
    """None for Kubernetes, and for a size that the table does not know."""
    size = sizes.find(str(body["properties"].get("instanceType") or ""))
    if size is None or body["properties"].get("endpointComputeType") == "Kubernetes":
        return None
    # Documented: 20 % more instances than asked for, in whole machines.
    machines = -(-int(body["sku"]["capacity"]) * 6 // 5)
    return Use((DEPLOYMENTS, scope.key, endpoint.lower(), name.lower()), size, machines * size.cores)


def _refused(what: str, scope: Scope, count: int, limit: int) -> ArmError:
    sentence = (
        f"{what} Quota reached for subscription {scope.subscription}.Current usage/limit: {count}/{limit}.Please clean"
        f" up existing {what.lower()}s and try again"
    )
    return ArmError(400, "BadRequest", "The request is invalid.", [_detail("InferencingClientCallFailed", sentence)])


def _not_enough(scope: Scope, use: Use, used: int, limit: int) -> ArmError:
    reason = (
        f"Not enough quota available for {use.size.name} in SubscriptionId {scope.subscription}. Current usage/limit:"
        f" {used}/{limit}. Additional needed: {use.cores} Please see troubleshooting guide, available here:"
        " https://aka.ms/oe-tsg#error-outofquota"
    )
    told = {
        "errors": {"VmSize": [reason]},
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01",
    }
    sentence = f"InferencingClient HttpRequest error, error detail: {json.dumps(told)}"
    details = [_detail("InferencingClientCreateDeploymentFailed", sentence)]
    return ArmError(400, "BadRequest", "The request is invalid.", details)


def _detail(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def _is_same(region: str, other: str) -> bool:
    return region.lower().replace(" ", "") == other.lower().replace(" ", "")


def _row(prefix: str, name: str, text: str, cores: int, limit: int) -> dict[str, Any]:
    return {
        "id": f"{prefix}/{name}",
        "type": "Microsoft.MachineLearningServices/usages",
        "unit": "Count",
        "currentValue": cores,
        "limit": limit,
        "name": {"value": text, "localizedValue": text},
    }
