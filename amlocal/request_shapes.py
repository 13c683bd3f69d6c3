"""The shapes of request bodies, by what they make. Only what a handler reads, or the SDK reads back, is here; whatever
else a body has is let through, as Azure does."""

from __future__ import annotations

from amlocal.web.shapes import Each

TEXTS = Each(str)
RESOURCE = {"location": str, "kind": str, "tags": TEXTS, "identity": dict}
IN_PROPERTIES = {"description": str, "tags": TEXTS, "properties": TEXTS}

GROUP = {"location": str, "tags": TEXTS}
_SAID = dict.fromkeys(
    ("friendlyName", "description", "publicNetworkAccess", "imageBuildCompute", "primaryUserAssignedIdentity"), str
)
_IDENTITY = {"type": str, "userAssignedIdentities": Each(dict)}
_PARAMETERS = {name: {"value": str} for name in (*_SAID, "workspaceName", "location", "kind")}
TEMPLATE = {
    "properties": {
        "parameters": {
            **_PARAMETERS,
            "tagValues": {"value": TEXTS},
            "identity": {"value": _IDENTITY},
            "managedNetwork": {"value": dict},
        }
    }
}
_OWN = {**_SAID, "keyVault": str, "applicationInsights": str, "containerRegistry": str, "managedNetwork": dict}
WORKSPACE = {**RESOURCE, "identity": _IDENTITY, "sku": dict, "properties": {**_OWN, "hbiWorkspace": bool}}
CREDENTIALS = {"credentialsType": str, "secrets": {"secretsType": str, "key": str, "sasToken": str}}
DATASTORE = {
    "properties": {
        **IN_PROPERTIES,
        **dict.fromkeys(("datastoreType", "accountName", "containerName", "endpoint", "protocol"), str),
        "credentials": CREDENTIALS,
    }
}
SECRETS = {"expirableSecret": bool, "expireAfterHours": int}
CONTAINER = {"properties": {**IN_PROPERTIES, "isArchived": bool, "dataType": str}}
_VERSION = {**IN_PROPERTIES, "isArchived": bool, "isAnonymous": bool}
DATA = {"properties": {**_VERSION, "dataType": str, "dataUri": str, "referencedUris": [str]}}
ENVIRONMENT = {
    "properties": {
        **_VERSION,
        **dict.fromkeys(("image", "condaFile", "osType"), str),
        "build": {"contextUri": str, "dockerfilePath": str},
        "inferenceConfig": dict,
    }
}
CODE = {"properties": {**_VERSION, "codeUri": str}}
REGISTERED = {
    "properties": {
        **_VERSION,
        **dict.fromkeys(("modelType", "modelUri", "jobName", "stage"), str),
        "flavors": Each({"data": TEXTS}),
    }
}
_SCALE = {"minNodeCount": int, "maxNodeCount": int, "nodeIdleTimeBeforeScaleDown": str}
COMPUTE = {
    **RESOURCE,
    "properties": {
        **dict.fromkeys(("computeType", "description", "computeLocation", "resourceId"), str),
        "disableLocalAuth": bool,
        "properties": {
            **dict.fromkeys(("vmSize", "vmPriority", "osType", "namespace", "defaultInstanceType"), str),
            "scaleSettings": _SCALE,
            **dict.fromkeys(("subnet", "userAccountCredentials", "instanceTypes"), dict),
        },
    },
}
JOB = {
    "properties": {
        **IN_PROPERTIES,
        **dict.fromkeys(
            ("jobType", "command", "codeId", "environmentId", "computeId", "experimentName", "displayName"), str
        ),
        "environmentVariables": TEXTS,
        "inputs": Each({"jobInputType": str, "value": str, "uri": str, "mode": str, "pathOnCompute": str}),
        "outputs": Each(
            dict.fromkeys(("jobOutputType", "uri", "mode", "assetName", "assetVersion", "description"), str)
        ),
        "limits": {"jobLimitsType": str, "timeout": str},
        "resources": {"instanceCount": int, "instanceType": str, "shmSize": str, "dockerArgs": str},
        "services": Each({"jobServiceType": str, "port": int, "nodes": dict, "properties": TEXTS}),
        "identity": dict,
        "distribution": {"distributionType": str, "processCountPerInstance": int, "workerCount": int},
        "isArchived": bool,
    }
}
ENDPOINT = {
    **RESOURCE,
    "properties": {
        **dict.fromkeys(("authMode", "description", "publicNetworkAccess", "compute"), str),
        **dict.fromkeys(("traffic", "mirrorTraffic"), Each(int)),
        "properties": TEXTS,
        "keys": {"primaryKey": str, "secondaryKey": str},
    },
}
KEYS = {"keyType": str, "keyValue": str}
_PROBE = {
    **dict.fromkeys(("initialDelay", "period", "timeout"), str),
    **dict.fromkeys(("failureThreshold", "successThreshold"), int),
}
_SCALING = {
    **dict.fromkeys(("scaleType", "pollingInterval"), str),
    **dict.fromkeys(("minInstances", "maxInstances", "targetUtilizationPercentage"), int),
}
DEPLOYMENT = {
    **RESOURCE,
    "sku": {"name": str, "tier": str, "capacity": int},
    "properties": {
        **dict.fromkeys(("description", "endpointComputeType", "instanceType", "model", "environmentId"), str),
        **dict.fromkeys(("modelMountPath", "egressPublicNetworkAccess"), str),
        "codeConfiguration": {"codeId": str, "scoringScript": str},
        "environmentVariables": TEXTS,
        "properties": TEXTS,
        "appInsightsEnabled": bool,
        "requestSettings": {"requestTimeout": str, "maxConcurrentRequestsPerInstance": int, "maxQueueWait": str},
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "scaleSettings": _SCALING,
        "containerResourceRequirements": {"containerResourceRequests": TEXTS, "containerResourceLimits": TEXTS},
        "dataCollector": dict,
    },
}
LOGS = {"containerType": str, "tail": int}

# Run history.
RUN_CHANGE = {"tags": TEXTS, "properties": TEXTS, "displayName": str, "description": str, "hidden": bool}
RUN_DATA = {"runId": str}
URIS = {"values": [str]}
PATHS = {"paths": [{"path!": str}]}

# MLflow.
_PAIRS = [{"key!": str, "value": str}]
_ABOUT_RUN = {"run_id": str, "run_uuid": str}
_PAGE = {"max_results": int, "page_token": int, "filter": str}
EXPERIMENT = {"experiment_id": str, "name": str, "new_name": str, "tags": _PAIRS}
EXPERIMENT_TAG = {"experiment_id": str, "key!": str, "value": str}
EXPERIMENTS = {**_PAGE, "view_type": str, "order_by": [str]}
RUN = {
    **_ABOUT_RUN,
    **dict.fromkeys(("experiment_id", "run_name", "user_id", "status"), str),
    **dict.fromkeys(("start_time", "end_time"), int),
    "tags": _PAIRS,
}
RUNS = {**_PAGE, "experiment_ids": [str], "run_view_type": str, "order_by": [str]}
METRIC = {**_ABOUT_RUN, "key!": str, "step": int, "timestamp": int}
PAIR = {**_ABOUT_RUN, "key!": str, "value": str}
BATCH = {**_ABOUT_RUN, "metrics": [dict], "params": _PAIRS, "tags": _PAIRS}
RUN_NOTE = {**_ABOUT_RUN, "model_json": str}
MODEL = {"name": str, "description": str, "tags": _PAIRS}
MODEL_TAG = {"name!": str, "version": str, "key!": str, "value": str}
STAGES = {"name": str, "stages": [str]}
ALIAS = {"name!": str, "alias!": str, "version": str}
NEW_ALIAS = {"name!": str, "alias!": str, "version!": str}
MODEL_VERSION = {**MODEL, "version": str, "source": str, "run_id": str, "stage": str}
