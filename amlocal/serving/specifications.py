"""What a deployment may ask for: checked by Azure's rules and completed with its defaults, before anything is stored.
What amlocal cannot serve is refused here too."""

from __future__ import annotations

import re
from typing import Any

from amlocal.arm import quotas
from amlocal.building import demands
from amlocal.building.context import Context
from amlocal.serving import endpoints, layouts
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError

REQUEST_DEFAULTS = {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"}
# Documented limits, in seconds.
LONGEST_REQUEST = {"Managed": 180, "Kubernetes": 300}
# Documented as `defaultinstancetype`.
KUBERNETES_RESOURCES = {
    "containerResourceRequests": {"cpu": "100m", "memory": "2Gi"},
    "containerResourceLimits": {"cpu": "2", "memory": "2Gi"},
}
KUBERNETES_NAMES = range(6, 63)
# Only the form is known here: which sizes there are differs by region, and grows.
_SIZE = re.compile(r"^standard_[a-z]{1,4}\d+[a-z]*(-\d+[a-z]*)?(_[a-z0-9]+)*$", re.IGNORECASE)
_NOT_HERE = "are not in amlocal yet: it serves scoring scripts by the inference server, and MLflow models without one."


def read(context: Context, scope: Scope, endpoint: Record, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The body to store. Raises ArmError 400, and 501 for what is not here."""
    endpoints.check_name("deployment", name)
    properties = dict(asked.get("properties") or {})
    kind = "Kubernetes" if endpoint.body["kind"] == "K8S" else "Managed"
    properties.setdefault("endpointComputeType", kind)
    _check_compute(kind, endpoint.name, name, properties)
    _check_served(context, scope, properties)
    properties["scaleSettings"] = properties.get("scaleSettings") or {"scaleType": "Default"}
    capacity = _read_capacity(context, kind, asked.get("sku") or {}, properties["scaleSettings"])
    properties["requestSettings"] = _read_requests(kind, properties)
    for word in ("livenessProbe", "readinessProbe"):
        layouts.read_probe(properties.get(word) or {})
    if kind == "Kubernetes":
        asked_resources = properties.get("containerResourceRequirements")
        properties["containerResourceRequirements"] = asked_resources or KUBERNETES_RESOURCES
    return {
        "location": asked.get("location") or endpoint.body["location"],
        "tags": asked.get("tags") or {},
        "kind": asked.get("kind") or endpoint.body["kind"],
        "sku": {"name": "Default", "tier": "Standard", **(asked.get("sku") or {}), "capacity": capacity},
        "properties": properties,
    }


def _check_compute(kind: str, endpoint: str, name: str, properties: dict[str, Any]) -> None:
    if properties["endpointComputeType"] != kind:
        sentence = f"The endpoint '{endpoint}' takes {kind} deployments, not {properties['endpointComputeType']}."
        raise ArmError(400, "BadArgument", sentence)
    if kind == "Kubernetes":
        if len(endpoint) + len(name) not in KUBERNETES_NAMES:
            sentence = "On Kubernetes the names of endpoint and deployment have 6 to 62 characters together."
            raise ArmError(400, "BadArgument", sentence)
        return
    size = str(properties.get("instanceType") or "")
    if not _SIZE.match(size):
        raise ArmError(400, "BadArgument", f"The instance type '{size}' is not a VM size such as Standard_DS3_v2.")
    access = str(properties.get("egressPublicNetworkAccess") or "Enabled").capitalize()
    if access not in ("Enabled", "Disabled"):
        raise ArmError(400, "BadArgument", "egressPublicNetworkAccess must be Enabled or Disabled.")


def _check_served(context: Context, scope: Scope, properties: dict[str, Any]) -> None:
    """That there is a model, an environment, and a way to serve them without their container."""
    model = _find(context, scope, "models", str(properties.get("model") or ""))
    kind = model.body["properties"]["modelType"] if model else ""
    demands.check(context, scope, str(properties.get("environmentId") or ""))
    environment = _find(context, scope, "environments", str(properties.get("environmentId") or ""))
    has_code = bool((properties.get("codeConfiguration") or {}).get("codeId"))
    if not has_code and kind == "triton_model":
        raise ArmError(501, "NotImplementedHere", f"Deployments of Triton models {_NOT_HERE}")
    if _has_own_server(environment) or (not has_code and kind != "mlflow_model"):
        sentence = "Custom containers, and deployments that have neither a scoring script nor an MLflow model,"
        raise ArmError(501, "NotImplementedHere", f"{sentence} {_NOT_HERE}")
    if _collects(properties.get("dataCollector") or {}):
        sentence = "Data collectors are not in amlocal yet: deploy without data_collector."
        raise ArmError(501, "NotImplementedHere", sentence)


def _has_own_server(environment: Record | None) -> bool:
    """Whether the image brings a server that is not Azure's: it is asked at another path than /score."""
    routes = (environment.body["properties"].get("inferenceConfig") or {}) if environment else {}
    return str((routes.get("scoringRoute") or {}).get("path") or "/score") != "/score"


def _collects(collector: dict[str, Any]) -> bool:
    collections = collector.get("collections")
    found = collections.values() if isinstance(collections, dict) else ()
    return any(isinstance(one, dict) and str(one.get("dataCollectionMode")).lower() == "enabled" for one in found)


def _find(context: Context, scope: Scope, kind: str, asset: str) -> Record | None:
    """The version of an ARM id; None for other spellings. Raises ArmError 400."""
    found = re.match(rf".*/{kind}/([^/]+)/versions/([^/]+)$", asset, re.IGNORECASE)
    if found is None or "/registries/" in asset.lower():
        return None
    record = context.store.get(kind, scope, found[1], found[2])
    if record is None:
        what = f"{kind.removesuffix('s')} {found[1]}:{found[2]}"
        raise ArmError(400, "ResourceNotFound", f"The specified resource was not found: {what}.")
    return record


def _read_capacity(context: Context, kind: str, sku: dict[str, Any], scale: dict[str, Any]) -> int:
    limit = quotas.read(context, "deployment_instances")
    if scale.get("scaleType") == "TargetUtilization":
        if kind == "Managed":
            sentence = "Managed deployments take the scale type Default; autoscale rules are Azure Monitor's."
            raise ArmError(400, "BadArgument", sentence)
        least, most = int(scale.get("minInstances") or 1), int(scale.get("maxInstances") or limit)
        if not 1 <= least <= most:
            raise ArmError(400, "BadArgument", "minInstances must be 1 or more, and at most maxInstances.")
    asked = sku.get("capacity")
    # What scales itself on Azure stays at its smallest size here.
    capacity = int((scale.get("minInstances") or 1) if asked is None else asked)
    if not 1 <= capacity <= limit:
        raise ArmError(400, "BadArgument", f"A deployment has 1 to {limit} instances, not {capacity}.")
    return capacity


def _read_requests(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in (properties.get("requestSettings") or {}).items() if value is not None}
    settings = {**REQUEST_DEFAULTS, **settings}
    longest = LONGEST_REQUEST[kind]
    if not 0 < layouts.read_seconds(str(settings["requestTimeout"])) <= longest:
        raise ArmError(400, "BadArgument", f"requestTimeout must be more than 0 and at most {longest} seconds.")
    layouts.read_seconds(str(settings["maxQueueWait"]))
    if int(settings["maxConcurrentRequestsPerInstance"]) < 1:
        raise ArmError(400, "BadArgument", "maxConcurrentRequestsPerInstance must be 1 or more.")
    return settings
