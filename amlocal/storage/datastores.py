"""Datastores: the named blob containers of a workspace and, unless the profile forbids, their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amlocal.storage import blob_signatures, pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context

KIND = "datastores"
# name -> (container, type). Azure makes these four with every workspace.
FIRST = {
    "workspaceblobstore": ("azureml-blobstore", "AzureBlob"),
    "workspaceartifactstore": ("azureml", "AzureBlob"),
    "workspaceworkingdirectory": ("code", "AzureFile"),
    "workspacefilestore": ("azureml-filestore", "AzureFile"),
}
SIGNATURES = "2024-07-01-preview"
DEFAULT = "workspaceblobstore"


def make_first(context: Context, scope: Scope, account: str) -> None:
    for name, (container, kind) in FIRST.items():
        body = {"kind": kind, "account": account, "container": container, "properties": {"tags": {}}}
        context.store.put(KIND, scope, name, "", body)
        context.blobs.create_container(account, container)


def find(context: Context, scope: Scope, name: str) -> Record:
    """Raises ArmError 404."""
    record = context.store.get(KIND, scope, name)
    if record is None:
        raise ArmError(404, "UserError", f"Could not find datastore {name} in workspace {scope.workspace}.")
    return record


def place_of(context: Context, scope: Scope, name: str) -> tuple[str, str]:
    """(account, container) of a datastore whose blobs are here. Raises ArmError 404."""
    record = find(context, scope, name)
    return str(record.body["account"]), str(record.body["container"])


def full_uri(scope: Scope, uri: str) -> str:
    """A datastore address as Azure answers it: `azureml://datastores/…` gets its subscription, group and workspace."""
    short = "azureml://datastores/"
    if not uri.startswith(short):
        return uri
    place = f"azureml://subscriptions/{scope.subscription}/resourcegroups/{scope.group}/workspaces/{scope.workspace}"
    return f"{place}/datastores/{uri.removeprefix(short)}"


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(_to_arm(context, scope, find(context, scope, name)))


def list_all(context: Context, request: Request, *, scope: Scope) -> Response:
    wanted = request.query.get("isDefault")

    def accept(record: Record) -> bool:
        return not wanted or (record.name == DEFAULT) == (wanted.lower() == "true")

    return pages.answer(context, request, KIND, scope, lambda record: _to_arm(context, scope, record), accept=accept)


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PUT: attaches a blob container by account name and key; SAS is kept as well. Only accounts of this amlocal have
    blobs behind them."""
    properties = dict(request.json().get("properties") or {})
    kind = properties.get("datastoreType")
    if kind != "AzureBlob":
        raise ArmError(501, "NotImplementedHere", f"Datastores of type {kind} are not in amlocal yet, only AzureBlob.")
    account, container = properties.get("accountName", ""), properties.get("containerName", "")
    if not account or not container:
        raise ArmError(400, "UserError", "A blob datastore needs accountName and containerName.")
    account = account.rpartition("/")[2]
    credentials = dict(properties.pop("credentials", None) or {"credentialsType": "None"})
    secrets = credentials.pop("secrets", None)
    body = {
        "kind": kind,
        "account": account,
        "container": container,
        "credentials": credentials,
        "secrets": secrets,
        "properties": {"tags": {}, **properties},
    }
    old = context.store.get(KIND, scope, name)
    record = context.store.put(KIND, scope, name, "", body)
    return json_response(_to_arm(context, scope, record), 200 if old else 201)


def delete(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    if name.lower() in FIRST:
        raise ArmError(409, "UserError", f"{name} belongs to the workspace and cannot be deleted.")
    return Response(200 if context.store.delete(KIND, scope, name) else 204)


def list_secrets(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """POST …/listSecrets. Releases of the SDK that speak SIGNATURES or older take nothing but a signature where they
    ask for a secret that expires; newer ones take keys too, and scripts find them handier. None at the least kind."""
    record = find(context, scope, name)
    if context.settings.is_least_kind:
        raise ArmError(403, "AuthorizationFailed", "This workspace uses identity only: its datastores have no keys.")
    body = record.body
    is_old = request.query.get("api-version", "") <= SIGNATURES and bool(request.json().get("expirableSecret"))
    if is_old and body["kind"] == "AzureBlob" and context.store.get("accounts", "", body["account"]) is not None:
        signature = blob_signatures.sign_container(context, body["account"], body["container"], "racwdl")
        return json_response({"secretsType": "Sas", "sasToken": signature})
    if body.get("secrets"):
        return json_response(body["secrets"])
    return json_response({"secretsType": "AccountKey", "key": blob_signatures.key_of(context, body["account"])})


def _to_arm(context: Context, scope: Scope, record: Record) -> dict[str, Any]:

    body, settings = record.body, context.settings
    is_ours = context.store.get("accounts", "", body["account"]) is not None
    own = {"credentialsType": "None" if settings.is_least_kind else "AccountKey"}
    container = {"containerName" if body["kind"] == "AzureBlob" else "fileShareName": body["container"]}
    properties = {
        "description": None,
        "endpoint": settings.storage_suffix,
        "protocol": "https",
        "subscriptionId": scope.subscription,
        "resourceGroup": scope.group,
        "serviceDataAccessAuthIdentity": "None",
        **body["properties"],
        **container,
        "datastoreType": body["kind"],
        "accountName": settings.account_name(body["account"]) if is_ours else body["account"],
        "isDefault": record.name == DEFAULT,
        "credentials": body.get("credentials") or own,
    }
    return {
        "id": f"{scope.arm_id}/datastores/{record.name}",
        "name": record.name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "systemData": stamps.system_data(record),
        "properties": properties,
    }
