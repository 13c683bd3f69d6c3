"""Workspaces, and the cloud's metadata above them. The SDK creates them through arm_deployments.py; what one can say
about itself is in workspace_fields.py."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any

from amlocal.arm import computes, groups, polls, workspace_fields
from amlocal.arm.context import Context
from amlocal.settings import CLOUD
from amlocal.storage import blob_signatures, datastores, pages, scopes, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "workspaces"
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftmachinelearningservices
DIAGNOSED = (
    "userDefinedRoute",
    "networkSecurityRule",
    "resourceLock",
    "dnsResolution",
    "storageAccount",
    "keyVault",
    "containerRegistry",
    "applicationInsights",
    "other",
)
# Every name that a release of the SDK asks of discovery; azureml-core looks all of its own up before it does anything.
SERVICES = (
    *("api", "history", "experimentation", "modelmanagement", "hyperdrive", "studio", "pipelines", "inference"),
    *("artifacts", "assets", "credential", "environment", "execution", "jasmine", "metrics", "mlflow"),
    *("project_content", "rl_service", "run_history", "notebooks", "catalog", "data"),
)
TENANT = "00000000-0000-0000-0000-000000000000"


def get_cloud(context: Context, request: Request) -> Response:
    """GET /metadata/endpoints. loginEndpoint has no port: azure-identity refuses one."""
    settings = context.settings
    cloud = {
        "name": CLOUD,
        # The SDK makes the audience https://ml.azure.local from what follows the second dot.
        "portal": "https://portal.azure.local",
        "resourceManager": settings.public_url,
        "authentication": {
            "loginEndpoint": "https://login.amlocal.invalid",
            "audiences": [settings.public_url],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {"storage": settings.storage_suffix},
    }
    return json_response([cloud])


def get_health(context: Context, request: Request) -> Response:
    """GET /healthz: 200 when the store answers."""
    scopes.check_subscription(context, context.settings.subscription)
    return json_response({"status": "ok"})


def discover(context: Context, request: Request) -> Response:
    """GET /discovery: where the services of a workspace are. All of them are here."""
    return json_response(dict.fromkeys(SERVICES, context.settings.public_url))


def make_first(context: Context) -> None:
    """The subscription, group and workspace that are there from the start, when they are not."""
    settings = context.settings
    store = context.store
    with store.writing():
        if store.get("subscriptions", "", settings.subscription) is None:
            groups.add_subscription(context, settings.subscription)
        if store.get("groups", settings.subscription, settings.group) is None:
            groups.add_group(context, settings.subscription, settings.group, {})
        if store.get(KIND, f"{settings.subscription}/{settings.group}", settings.workspace) is None:
            scope = Scope(settings.subscription, settings.group, settings.workspace)
            create(context, scope, {"location": settings.region, "properties": {"friendlyName": "amlocal"}})


def check_name(name: str) -> None:
    """Azure's rule for workspace names. Raises ArmError 400."""
    if told := names.WORKSPACE.broken(name):
        raise ArmError(400, "InvalidWorkspaceName", told)


def create(context: Context, scope: Scope, body: dict[str, Any]) -> Record:
    """A workspace with its own storage account, default datastores and first cluster, in one transaction; one that is
    there stays as it is.

    `body` has `location`, `tags`, `identity` and `properties` (friendlyName, description, …) as ARM writes them.
    """
    with context.store.writing() as connection:
        old = context.store.get(KIND, f"{scope.subscription}/{scope.group}", scope.workspace)
        if old is not None:
            check_stays(old)
            return old
        number = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM resources").fetchone()[0]
        stored: dict[str, Any] = {
            "scope": list(scope),
            "location": body.get("location") or context.settings.region,
            "tags": body.get("tags") or {},
            "identity": body.get("identity"),
            "properties": {**workspace_fields.kept(body.get("properties")), "provisioningState": "Succeeded"},
            "workspaceId": _guid(scope),
            "account": f"emu{number}",
        }
        key = base64.b64encode(secrets.token_bytes(64)).decode()
        context.store.put("accounts", "", stored["account"], "", {"key": key, "scope": list(scope)})
        record = context.store.put(KIND, f"{scope.subscription}/{scope.group}", scope.workspace, "", stored)
        datastores.make_first(context, scope, stored["account"])
        computes.make_first(context, scope, stored["location"])
    return record


def find(context: Context, scope: Scope) -> Record:
    """The stored workspace of a scope that has been checked."""
    record = context.store.get(KIND, f"{scope.subscription}/{scope.group}", scope.workspace)
    if record is None:
        raise ArmError(404, "ResourceNotFound", f"The workspace '{scope.workspace}' was deleted just now.")
    return record


def account_of(context: Context, scope: Scope) -> str:
    """The name of the workspace's own storage account, such as `emu7`."""
    return str(find(context, scope).body["account"])


def storage_arm_id(scope: Scope, account: str) -> str:
    group_id = f"/subscriptions/{scope.subscription}/resourceGroups/{scope.group}"
    return f"{group_id}/providers/Microsoft.Storage/storageAccounts/{account}"


def to_arm(context: Context, record: Record) -> dict[str, Any]:
    scope = Scope(*record.body["scope"])
    settings = context.settings
    group_id = f"/subscriptions/{scope.subscription}/resourceGroups/{scope.group}/providers"
    account = record.body["account"]
    properties = {
        "friendlyName": scope.workspace,
        "description": "",
        "publicNetworkAccess": "Enabled",
        "hbiWorkspace": False,
        "keyVault": f"{group_id}/Microsoft.KeyVault/vaults/{account}",
        "applicationInsights": f"{group_id}/Microsoft.Insights/components/{account}",
        **record.body["properties"],
        "storageAccount": storage_arm_id(scope, account),
        "discoveryUrl": f"{settings.public_url}/discovery",
        "mlFlowTrackingUri": f"azureml://{settings.netloc}/mlflow/v1.0{scope.arm_id}",
        "workspaceId": record.body["workspaceId"],
        "tenantId": TENANT,
        "managedNetwork": {"isolationMode": "Disabled"},
    }
    return {
        "id": scope.arm_id,
        "name": scope.workspace,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": record.body["location"],
        "tags": record.body["tags"],
        "identity": workspace_fields.identity_to_arm(record.body.get("identity"), record.body["workspaceId"], TENANT),
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": stamps.system_data(record),
        "properties": properties,
    }


def get(context: Context, request: Request, *, scope: Scope) -> Response:
    record = find(context, scope)
    return json_response(to_arm(context, record), headers={"ETag": record.etag})


def list_in_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    scopes.check_group(context, subscription, group)
    return pages.answer(context, request, KIND, f"{subscription}/{group}", lambda record: to_arm(context, record))


def list_in_subscription(context: Context, request: Request, *, subscription: str) -> Response:
    scopes.check_subscription(context, subscription)

    def is_mine(record: Record) -> bool:
        return str(record.body["scope"][0]).lower() == subscription.lower()

    return pages.answer(context, request, KIND, None, lambda record: to_arm(context, record), accept=is_mine)


def put(context: Context, request: Request, *, subscription: str, group: str, name: str) -> Response:
    """PUT without a template, as plain REST clients do; one that is there takes what is told."""
    scopes.check_group(context, subscription, group)
    check_name(name)
    body = request.json()
    workspace_fields.check(body)
    scope = Scope(subscription, group, name)
    if context.store.get(KIND, f"{subscription}/{group}", name) is not None:
        return json_response(to_arm(context, _change(context, scope, body)))
    return json_response(to_arm(context, create(context, scope, body)), 201)


def change(context: Context, request: Request, *, scope: Scope) -> Response:
    """PATCH: tags, identity, and properties such as description and friendlyName."""
    body = request.json()
    workspace_fields.check(body)
    return json_response(to_arm(context, _change(context, scope, body)))


def _change(context: Context, scope: Scope, sent: dict[str, Any]) -> Record:
    check_stays(find(context, scope))

    def edit(body: dict[str, Any]) -> None:
        for name in ("tags", "identity"):
            if sent.get(name) is not None:
                body[name] = sent[name]
        body["properties"] |= workspace_fields.kept(sent.get("properties"))

    record = context.store.change(KIND, f"{scope.subscription}/{scope.group}", scope.workspace, "", edit)
    assert record is not None
    return record


def check_stays(record: Record) -> None:
    """Raises ArmError 409 for a workspace that is being deleted."""
    if record.body["properties"].get("provisioningState") == "Deleting":
        sentence = f"The workspace '{record.name}' is being deleted; wait until that has ended."
        raise ArmError(409, "Conflict", sentence)


def delete(context: Context, request: Request, *, scope: Scope) -> Response:
    """DELETE: its jobs and servers are ended and everything in it goes, storage too."""
    group = Scope(scope.subscription, scope.group, "")

    def mark(body: dict[str, Any]) -> None:
        body["properties"]["provisioningState"] = "Deleting"

    with context.store.writing():
        context.store.change(KIND, f"{scope.subscription}/{scope.group}", scope.workspace, "", mark)
        operation = context.operations.open_on(group, KIND, scope.workspace)
        if operation is None:
            operation = context.operations.begin(group, KIND, scope.workspace, verb="delete")
    return polls.accepted(context, operation)


def list_keys(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST …/listKeys"""
    record = find(context, scope)
    if context.settings.is_least_kind:
        raise ArmError(403, "AuthorizationFailed", "This workspace uses identity only and gives out no keys.")
    account = record.body["account"]
    return json_response(
        {
            "userStorageKey": blob_signatures.key_of(context, account),
            "userStorageArmId": storage_arm_id(scope, account),
            "appInsightsInstrumentationKey": record.body["workspaceId"],
        }
    )


def sync_keys(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST …/resyncKeys: the keys are read anew each time, so there is nothing to do."""
    return Response(200)


def diagnose(context: Context, request: Request, *, scope: Scope) -> Response:
    """POST …/diagnose: of each thing that Azure looks at nothing can be amiss here."""
    return json_response({"value": {f"{thing}Results": [] for thing in DIAGNOSED}})


def _guid(scope: Scope) -> str:
    digest = hashlib.sha256(f"{scope.key}/{time.time_ns()}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
