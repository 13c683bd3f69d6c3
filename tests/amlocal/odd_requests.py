"""What a stranger's broken client may send: one good body for every call that takes one, and each of its fields made
odd; odd names, queries and raw bodies for every call. Which are sent is chosen by a seed, so that a failure repeats."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    *(None, [], {}, 0, -1, 1.5, True, "", "x", "x" * 70_000, 10**30, "\ud800", "é/../%00"),
    *([1], [None], [[]], [{}], {"a": 1}, {"a": None}, {"a": {"b": []}}),
)
ODD_NAMES = (
    *("%00", "%FF%FE", "%2F..%2F", "..", "%F0%9F%98%80", "x" * 3000, "%", "%zz", "a%20b", "%ED%A0%80", "'", "*", "-"),
)
ODD_QUERIES = (
    *("$top=-1", "$top=abc", "$top=0", "$top=9999999999999999999999", "$skip=x", "$skip=1-2-3", "count=-5", "count=0"),
    *("$skip=9999999999999999999999-1", "listViewType=zz", "$orderBy=zz%20desc", "orderByAsc=zz", "tags==", "tag==,"),
    *("$skipToken=x", "$skipToken=99999999999999999999", "hash=%00", "isDefault=zz", "max_results=-1", "filter=x"),
    *("max_results=%C2%B2", "page_token=x", "page_token=99999999999999999999", "run_id=thing&path=%00", "&&&=", "%=%"),
    *("metric_key=%FF&run_id=thing", "comp=list&restype=container&maxresults=x", "comp=list&restype=container&marker="),
    *(
        "comp=blocklist",
        "comp=block&blockid=%FF",
        "comp=zz",
        "restype=container",
        "path=..%2F..",
        "filter=name%20=%20'",
    ),
)
RAW_BODIES = (
    *(b"", b"{", b"[" * 50_000, b"\xff\xfe", b"null", b"[]", b"1", b'"x"', b"NaN", b'{"properties": NaN}', b"<x/>"),
    *(b'{"properties":1e999}', b'{"properties": []}', b'{"properties": "x"}', b'{"tags": 1}', b'{"name":"\\ud800"}'),
)

_PROPERTIES = {"description": "d", "tags": {"a": "b"}, "properties": {"a": "b"}}
_VERSION = {**_PROPERTIES, "isArchived": False, "isAnonymous": False}
_STORE = "azureml://datastores/workspaceblobstore/paths"
_PROBE = {"initialDelay": "PT1S", "period": "PT1S", "timeout": "PT1S", "failureThreshold": 3, "successThreshold": 1}
_CONTAINER = {"properties": {**_PROPERTIES, "isArchived": False}}
_CLUSTER = {
    "vmSize": "Standard_DS3_v2",
    "vmPriority": "Dedicated",
    "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "PT2M"},
    "subnet": {"id": "x"},
}
_JOB = {
    **_PROPERTIES,
    "jobType": "Command",
    "command": "echo ${{inputs.n}}",
    "codeId": None,
    "environmentId": "azureml://registries/azureml/environments/x/versions/1",
    "computeId": "nothing",
    "experimentName": "e",
    "displayName": "d",
    "environmentVariables": {"A": "b"},
    "inputs": {
        "n": {"jobInputType": "literal", "value": "1"},
        "f": {"jobInputType": "uri_file", "uri": f"{_STORE}/x", "mode": "Download"},
    },
    "outputs": {"o": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "assetName": "n", "assetVersion": "1"}},
    "limits": {"jobLimitsType": "Command", "timeout": "PT10M"},
    "resources": {"instanceCount": 1, "shmSize": "2g"},
    "services": {"s": {"jobServiceType": "JupyterLab", "port": 1, "properties": {}}},
    "identity": {"identityType": "Managed"},
    "distribution": {"distributionType": "PyTorch", "processCountPerInstance": 1},
    "isArchived": False,
}
_DEPLOYMENT = {
    "description": "d",
    "properties": {"a": "b"},
    "endpointComputeType": "Managed",
    "instanceType": "Standard_DS3_v2",
    "model": "x",
    "codeConfiguration": {"codeId": "/x/codes/thing/versions/1", "scoringScript": "score.py"},
    "environmentId": "azureml://registries/a/environments/b/versions/1",
    "environmentVariables": {"A": "b"},
    "requestSettings": {"requestTimeout": "PT5S", "maxConcurrentRequestsPerInstance": 1, "maxQueueWait": "PT0.5S"},
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
    "scaleSettings": {"scaleType": "Default"},
    "appInsightsEnabled": False,
}
_IDENTITY = {"type": "UserAssigned", "userAssignedIdentities": {"x": {}}}
_TEMPLATE = {
    **{"workspaceName": "made", "location": "eastus", "friendlyName": "f", "keyVaultOption": "existing"},
    **{"tagValues": {"a": "b"}, "identity": _IDENTITY, "managedNetwork": {"isolationMode": "Disabled"}},
}
_RUN = {"run_id": "thing"}
_PAIR = {"key": "a", "value": "b"}
_BATCH = {**_RUN, "metrics": [{"key": "a", "value": 1, "timestamp": 1, "step": 1}], "params": [_PAIR], "tags": [_PAIR]}
_MODEL_TAG = {"name": "rm", "version": "1", **_PAIR}
_PATHS = {"paths": [{"path": "x"}]}

# By method and the end of the path, as it stands in the table.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/resourceGroups/{group}"): {"location": "eastus", "tags": {"a": "b"}},
    ("PATCH", "/resourceGroups/{group}"): {"tags": {"a": "b"}},
    ("PUT", "/Microsoft.Resources/deployments/{name}"): {
        "properties": {"parameters": {name: {"value": value} for name, value in _TEMPLATE.items()}}
    },
    ("PUT", "/workspaces/{name}"): {
        "location": "eastus",
        "kind": "Default",
        "identity": _IDENTITY,
        "properties": {"friendlyName": "f"},
    },
    ("PATCH", "/workspaces/{workspace}"): {"tags": {"a": "b"}, "properties": {"description": "d"}},
    ("PUT", "/datastores/{name}"): {
        "properties": {
            **_PROPERTIES,
            "datastoreType": "AzureBlob",
            "accountName": "emu1",
            "containerName": "azureml",
            "credentials": {"credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": "x"}},
        }
    },
    ("POST", "/listSecrets"): {"expirableSecret": True, "expireAfterHours": 1},
    ("PUT", "/data/{name}"): {"properties": {**_PROPERTIES, "dataType": "uri_file"}},
    ("PUT", "/data/{name}/versions/{version}"): {
        "properties": {**_VERSION, "dataType": "uri_file", "dataUri": f"{_STORE}/x"}
    },
    ("PUT", "/environments/{name}"): _CONTAINER,
    ("PUT", "/environments/{name}/versions/{version}"): {
        "properties": {**_VERSION, "image": "x", "condaFile": "name: x", "build": None, "inferenceConfig": {}}
    },
    ("PUT", "/codes/{name}"): _CONTAINER,
    ("PUT", "/codes/{name}/versions/{version}"): {"properties": {**_VERSION, "codeUri": "https://x/y"}},
    ("PUT", "/models/{name}"): _CONTAINER,
    ("PUT", "/models/{name}/versions/{version}"): {
        "properties": {**_VERSION, "modelType": "custom_model", "modelUri": f"{_STORE}/m/x", "flavors": {"a": {}}}
    },
    ("PUT", "/computes/{name}"): {
        "location": "eastus",
        "identity": {"type": "SystemAssigned"},
        "properties": {"computeType": "AmlCompute", "description": "d", "properties": _CLUSTER},
    },
    ("PATCH", "/computes/{name}"): {"properties": {"properties": {"scaleSettings": _CLUSTER["scaleSettings"]}}},
    ("PUT", "/jobs/{name}"): {"properties": _JOB},
    ("PATCH", "/onlineEndpoints/{name}"): {"tags": {"a": "b"}, "properties": {"traffic": {"thing": 0}}},
    ("PUT", "/onlineEndpoints/{name}"): {
        "location": "eastus",
        "kind": "Managed",
        "tags": {"a": "b"},
        "identity": {"type": "SystemAssigned"},
        "properties": {"authMode": "Key", "description": "d", "traffic": {}, "mirrorTraffic": {}, "compute": None},
    },
    ("POST", "/regenerateKeys"): {"keyType": "Primary", "keyValue": "x"},
    ("PUT", "/deployments/{name}"): {
        "location": "eastus",
        "tags": {"a": "b"},
        "sku": {"name": "Default", "capacity": 1},
        "properties": _DEPLOYMENT,
    },
    ("POST", "/getLogs"): {"containerType": "InferenceServer", "tail": 5},
    ("PATCH", "/runs/{run}"): {"tags": {"a": "b"}, "properties": {"a": "b"}, "displayName": "d", "hidden": False},
    ("POST", "/rundata"): {"runId": "thing"},
    ("POST", "/dataversion/batchGetResolvedUris"): {"values": ["azureml://amlocal/runs/thing/outputs/o"]},
    ("POST", "/artifacts/batch/metadata"): _PATHS,
    ("POST", "/{container}/batch/metadata"): _PATHS,
    ("POST", "/experiments/search"): {
        "max_results": 5,
        "page_token": "0",
        "filter": "name = 'x'",
        "order_by": ["name"],
    },
    ("POST", "/experiments/create"): {"name": "e", "tags": [_PAIR]},
    ("POST", "/experiments/update"): {"experiment_id": "x", "new_name": "y"},
    ("POST", "/experiments/delete"): {"experiment_id": "x"},
    ("POST", "/experiments/restore"): {"experiment_id": "x"},
    ("POST", "/experiments/set-experiment-tag"): {"experiment_id": "x", **_PAIR},
    ("POST", "/runs/create"): {"experiment_id": "x", "run_name": "n", "start_time": 1, "tags": [_PAIR]},
    ("POST", "/runs/update"): {**_RUN, "status": "RUNNING", "end_time": 1, "run_name": "x"},
    ("POST", "/runs/delete"): _RUN,
    ("POST", "/runs/restore"): _RUN,
    ("POST", "/runs/search"): {
        "experiment_ids": ["x"],
        "filter": "metrics.a < 1 and tags.b = 'x'",
        "run_view_type": "ALL",
        "max_results": 3,
        "order_by": ["metrics.a DESC"],
        "page_token": "0",
    },
    ("POST", "/runs/log-metric"): {**_RUN, "key": "a", "value": 1.5, "timestamp": 1, "step": 1},
    ("POST", "/runs/log-parameter"): {**_RUN, **_PAIR},
    ("POST", "/runs/log-batch"): _BATCH,
    ("POST", "/runs/log-batch-async"): _BATCH,
    ("POST", "/runs/log-model"): {**_RUN, "model_json": '{"a": 1}'},
    ("POST", "/runs/log-inputs"): {**_RUN, "datasets": []},
    ("POST", "/runs/set-tag"): {**_RUN, **_PAIR},
    ("POST", "/runs/delete-tag"): {**_RUN, "key": "a"},
    ("POST", "/registered-models/create"): {"name": "made", "tags": [_PAIR], "description": "d"},
    ("POST", "/registered-models/rename"): {"name": "rm", "new_name": "other"},
    ("PATCH", "/registered-models/update"): {"name": "rm", "description": "d"},
    ("DELETE", "/registered-models/delete"): {"name": "nothing"},
    ("POST", "/registered-models/get-latest-versions"): {"name": "rm", "stages": ["None"]},
    ("POST", "/registered-models/set-tag"): _MODEL_TAG,
    ("DELETE", "/registered-models/delete-tag"): _MODEL_TAG,
    ("POST", "/registered-models/alias"): {"name": "rm", "alias": "a", "version": "1"},
    ("DELETE", "/registered-models/alias"): {"name": "rm", "alias": "a"},
    ("POST", "/model-versions/create"): {"name": "rm", "source": f"{_STORE}/m/x", "run_id": "thing", "tags": [_PAIR]},
    ("PATCH", "/model-versions/update"): {"name": "rm", "version": "1", "description": "d"},
    ("DELETE", "/model-versions/delete"): {"name": "rm", "version": "9"},
    ("POST", "/model-versions/transition-stage"): {"name": "rm", "version": "1", "stage": "Staging"},
    ("POST", "/model-versions/set-tag"): _MODEL_TAG,
    ("DELETE", "/model-versions/delete-tag"): _MODEL_TAG,
}


def body_for(method: str, path: str) -> dict[str, Any] | None:
    """The good body of a call: the longest end of the path that is known."""
    ends = [end for known, end in BODIES if known == method and path.endswith(end)]
    return BODIES[method, max(ends, key=len)] if ends else None


def requests_for(method: str, path: str, names: dict[str, str], chance: random.Random, most: int) -> Iterator[Any]:
    """At most `most` (target, body bytes) for a row of the table; `names` fills its path."""
    parts = re.findall(r"{(\w+)\*?}", path)
    names = {part: names.get(part, "thing") for part in parts}
    template = path.replace("*}", "}").replace("/_blob/{account}", "/{account}.blob.core.local")
    good = body_for(method, path)
    body = json.dumps(good).encode() if good else b"{}" if method in ("PUT", "POST", "PATCH") else None
    target = template.format(**names)
    found: list[tuple[str, bytes | None]] = [
        (template.format(**{**names, part: odd}), body) for part in parts for odd in ODD_NAMES
    ]
    found += [(f"{target}?{query}", body) for query in ODD_QUERIES]
    if method not in ("GET", "HEAD"):
        found += [(target, raw) for raw in RAW_BODIES]
    bodies = [(target, odd) for odd in _odd_bodies(good)] if good else []
    yield from chance.sample(found, min(most // 2, len(found)))
    yield from chance.sample(bodies, min(most, len(bodies)))


def _odd_bodies(good: dict[str, Any]) -> list[bytes]:
    return [json.dumps(_put(good, place, odd)).encode() for place in _places(good) for odd in ODD_VALUES]


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _places(member, (*place, name))


def _put(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    changed = copy.deepcopy(value)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = odd
    return changed
