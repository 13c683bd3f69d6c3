"""Datastores: where a workspace's files lie, by name, and, unless the profile forbids, the keys to them. What the types
have to say is in datastore_types.py."""

from __future__ import annotations

from typing import Any

from amlocal.storage import blob_signatures, datastore_types, pages, stamps
from amlocal.storage.context import Context
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "datastores"
# https://learn.microsoft.com/azure/machine-learning/how-to-datastore: letters, digits and underscores.
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
    """(account, container) of a datastore whose files are here. Raises ArmError 404, or 400 where amlocal has none."""
    record = find(context, scope, name)
    account, container = record.body.get("account"), record.body.get("container")
    if not account or not container:
        kind = record.body["kind"]
        raise ArmError(
            400,
            "UserError",
            f"The datastore {record.name} is of type {kind}: amlocal keeps its record, and files of AzureBlob only.",
        )
    if not is_ours(context, record):
        raise ArmError(
            400,
            "UserError",
            f"The datastore {record.name} lies in the storage account '{account}', which is not one of amlocal's.",
        )
    return str(account), str(container)


def full_uri(scope: Scope, uri: str) -> str:
    """A datastore address as Azure answers it: `azureml://datastores/…` gets its subscription, group and workspace."""
    short = "azureml://datastores/"
    if not uri.startswith(short):
        return uri
    place = f"azureml://subscriptions/{scope.subscription}/resourcegroups/{scope.group}/workspaces/{scope.workspace}"
    return f"{place}/datastores/{uri.removeprefix(short)}"


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(_to_arm(context, scope, find(context, scope, name)))


def list_datastores(context: Context, request: Request, *, scope: Scope) -> Response:
    """By isDefault, names and searchText."""
    wanted, text = request.query.get("isDefault").lower(), request.query.get("searchText").lower()
    names = {name for name in request.query.get("names").lower().split(",") if name}

    def accept(record: Record) -> bool:
        is_meant = not wanted or (record.name == DEFAULT) == (wanted == "true")
        return is_meant and text in record.name.lower() and (not names or record.name.lower() in names)

    return pages.answer(context, request, KIND, scope, lambda record: _to_arm(context, scope, record), accept=accept)


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PUT: keeps a datastore of any type. Only containers in the accounts of this amlocal have blobs behind them; the
    account's name may come with our own host in front, as the SDK was told it."""
    if refusal := names.DATASTORE.broken(name):
        raise ArmError(400, "UserError", refusal)
    properties = dict(request.json().get("properties") or {})
    datastore_types.check(properties)
    credentials, secrets = datastore_types.split_credentials(properties)
    kind = properties.pop("datastoreType")
    account = str(properties.get("accountName") or "").rpartition("/")[2]
    old = context.store.get(KIND, scope, name)
    if name.lower() in FIRST and old is not None:
        place = {"account": old.body["account"], "container": old.body["container"]}
        if (kind, account, properties[datastore_types.PLACES[kind][-1]]) != (old.body["kind"], *place.values()):
            raise ArmError(409, "UserError", f"{name} belongs to the workspace: only its credentials can change.")
    else:
        place = {"account": account, "container": properties["containerName"]} if kind == datastore_types.BLOB else {}
    told = {key: value for key, value in properties.items() if key != "credentials" and value is not None}
    body = {"kind": kind, "credentials": credentials, "secrets": secrets, "properties": {"tags": {}, **told}, **place}
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
    if is_old and body["kind"] == datastore_types.BLOB and is_ours(context, record):
        signature = blob_signatures.sign_container(context, body["account"], body["container"], "racwdl")
        return json_response({"secretsType": "Sas", "sasToken": signature})
    if body.get("secrets"):
        return json_response(body["secrets"])
    if "credentials" in body:
        raise ArmError(400, "UserError", "No secrets for credentials of type None.")
    return json_response({"secretsType": "AccountKey", "key": blob_signatures.key_of(context, body["account"])})


def is_ours(context: Context, record: Record) -> bool:
    account = str(record.body.get("account") or "")
    return context.store.get("accounts", "", account) is not None


def _to_arm(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    body, settings = record.body, context.settings
    kind = body["kind"]
    own = {"credentialsType": "None" if settings.is_least_kind else "AccountKey"}
    properties = {
        "description": None,
        **({} if kind == "OneLake" else {"subscriptionId": scope.subscription, "resourceGroup": scope.group}),
        "serviceDataAccessAuthIdentity": "None",
        **({"protocol": "https", "endpoint": settings.storage_suffix} if kind in datastore_types.IN_ACCOUNTS else {}),
        **body["properties"],
        "datastoreType": kind,
        "isDefault": record.name == DEFAULT,
        "credentials": body.get("credentials") or own,
    }
    if is_ours(context, record):
        container = datastore_types.PLACES[kind][1]
        properties |= {"accountName": settings.account_name(body["account"]), container: body["container"]}
    return {
        "id": f"{scope.arm_id}/datastores/{record.name}",
        "name": record.name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "systemData": stamps.system_data(record),
        "properties": properties,
    }
