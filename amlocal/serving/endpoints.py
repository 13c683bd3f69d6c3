"""Online endpoints: name rules, keys and tokens, delete. Their traffic is in traffic.py, what answers behind them in
deployments.py, the scoring call itself in scoring.py."""

from __future__ import annotations

import secrets
import time
import uuid
from functools import partial
from typing import Any

from amlocal.arm import polls, usages, workspaces
from amlocal.arm.operations import Operation
from amlocal.serving import traffic
from amlocal.serving.context import Context
from amlocal.storage import pages, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "endpoints"
KEYS = "endpoint_keys"
DEPLOYMENTS = "deployments"
AUTH_MODES = {"key": "Key", "amltoken": "AMLToken", "aadtoken": "AADToken"}
TOKEN_SECONDS = 8 * 3600
_KEPT = ("description", "properties", "publicNetworkAccess", "compute")


def put(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """Create, or update description, tags, properties and traffic. A second PUT with the same name updates."""
    asked = request.json()
    with context.store.writing():
        known = context.store.get(KIND, scope, name)
        operation = _save(context, scope, name, known, asked, tags=asked.get("tags") or {})
    return _accepted(context, scope, name, operation, 201 if known is None else 200)


def change(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """PATCH, as MLflow's deployment client sends it with a new traffic: what is not named stays."""
    asked = request.json()
    with context.store.writing():
        known = find(context, scope, name)
        tags = known.body["tags"] if asked.get("tags") is None else asked["tags"]
        operation = _save(context, scope, name, known, asked, tags=tags)
    return _accepted(context, scope, name, operation, 200)


def get(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    return json_response(to_arm(context, scope, find(context, scope, name)))


def list_endpoints(context: Context, request: Request, *, scope: Scope) -> Response:
    """By name, computeType, tags and properties; in pages of `count`."""
    asked = request.query
    has_tags, has_properties = (pages.has_pairs(asked.get(name)) for name in ("tags", "properties"))
    wanted = asked.get("computeType").lower()

    def accept(record: Record) -> bool:
        body = record.body
        is_kind = wanted in ("", "kubernetes" if body["kind"] == "K8S" else body["kind"].lower())
        return is_kind and has_tags(body["tags"]) and has_properties(body["properties"].get("properties"))

    return pages.answer(
        context, request, KIND, scope, partial(to_arm, context, scope), name=asked.get("name"), accept=accept
    )


def delete(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """With all its deployments. 204 when there is none."""
    with context.store.writing():
        if context.store.get(KIND, scope, name) is None:
            return Response(204)
        check_unlocked(context, scope, KIND, name)
        _set_state(context, scope, name, "Deleting")
        operation = context.operations.begin(scope, KIND, name, verb="delete")
    return polls.accepted(context, operation)


def delete_worker(context: Context, operation: Operation) -> None:
    """Ends every server of the endpoint and forgets its deployments and keys."""
    for record in context.store.list(DEPLOYMENTS, operation.scope, name=operation.name, top=1000).records:
        context.fleet.remove(record)
        context.store.delete(DEPLOYMENTS, operation.scope, record.name, record.version)
    context.store.delete(KEYS, operation.scope, operation.name)


def list_keys(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    if find(context, scope, name).body["properties"]["authMode"] != "Key":
        raise ArmError(400, "BadArgument", f"The endpoint '{name}' does not use keys for authentication.")
    return json_response(read_keys(context, scope, name))


def regenerate_keys(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """The key of `keyType` is another one from now on; the other stays, so that callers can change over."""
    find(context, scope, name)
    which = {"primary": "primaryKey", "secondary": "secondaryKey"}.get(str(request.json().get("keyType")).lower())
    if which is None:
        raise ArmError(400, "BadArgument", "keyType must be Primary or Secondary.")
    # The SDK sends the key there is as `keyValue`; a caller who asks for a new key shall get one.
    value = str(request.json().get("keyValue") or "")
    if not value or value in read_keys(context, scope, name).values():
        value = _new_key()
    with context.store.writing():
        context.store.change(KEYS, scope, name, "", lambda body: body.update({which: value}))
        operation = context.operations.begin(scope, KIND, name, verb="regenerateKeys")
    return polls.accepted(context, operation)


def give_token(context: Context, request: Request, *, scope: Scope, name: str) -> Response:
    """POST …/token of an endpoint with aml_token."""
    record = find(context, scope, name)
    if record.body["properties"]["authMode"] == "Key":
        raise ArmError(400, "BadArgument", f"The endpoint '{name}' uses keys for authentication.")
    now = int(time.time())
    token = context.tokens.issue(scoring_uri(context, scope, record), lifetime_seconds=TOKEN_SECONDS)
    return json_response(
        {
            "accessToken": token,
            "expiryTimeUtc": now + TOKEN_SECONDS,
            "refreshAfterTimeUtc": now + TOKEN_SECONDS * 3 // 4,
            "tokenType": "Bearer",
        }
    )


def find(context: Context, scope: Scope, name: str) -> Record:
    record = context.store.get(KIND, scope, name)
    if record is None:
        message = f"The Resource 'onlineEndpoints/{name}' under workspace '{scope.workspace}' was not found."
        raise ArmError(404, "ResourceNotFound", message)
    return record


def read_keys(context: Context, scope: Scope, name: str) -> dict[str, str]:
    record = context.store.get(KEYS, scope, name)
    return dict(record.body) if record else {}


def scoring_uri(context: Context, scope: Scope, record: Record) -> str:
    return f"{context.settings.public_url}/endpoints/{record.body['workspaceId']}/{record.name}/score"


def check_name(kind: str, name: str) -> None:
    if told := names.ENDPOINT.broken(name):
        raise ArmError(400, "BadArgument", f"The {kind} name is not allowed. {told}")


def check_unlocked(context: Context, scope: Scope, kind: str, name: str, version: str = "") -> None:
    """Raises ArmError 409 while another operation on the same thing has not ended."""
    running = context.operations.open_on(scope, kind, name, version)
    if running is not None:
        sentence = f"Already running method {running.verb} on '{version or name}'. Wait for it to end and try again."
        raise ArmError(409, "Conflict", sentence, [{"code": "OperationInProgress", "message": running.id}])


def take_from_traffic(context: Context, scope: Scope, name: str, deployment: str) -> None:
    context.store.change(KIND, scope, name, "", lambda body: traffic.without(body["properties"], deployment))


def to_arm(context: Context, scope: Scope, record: Record) -> dict[str, Any]:
    uri = scoring_uri(context, scope, record)
    return {
        "id": f"{scope.arm_id}/onlineEndpoints/{record.name}",
        "name": record.name,
        "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
        "location": record.body["location"],
        "tags": record.body["tags"],
        "kind": record.body["kind"],
        "identity": record.body["identity"],
        "systemData": stamps.system_data(record),
        "properties": {
            "mirrorTraffic": {},
            "publicNetworkAccess": "Enabled",
            "properties": {},
            **record.body["properties"],
            "scoringUri": uri,
            "swaggerUri": uri.removesuffix("/score") + "/swagger.json",
        },
    }


def with_address(context: Context, operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer to the PUT of an endpoint or deployment, with where to ask how it goes on: scripts that do without the
    SDK read it there."""
    own = {**(answer["properties"].get("properties") or {})}
    own["AzureAsyncOperationUri"] = polls.status_url(context, operation)
    return {**answer, "properties": {**answer["properties"], "properties": own}}


def _save(
    context: Context, scope: Scope, name: str, known: Record | None, asked: dict[str, Any], *, tags: dict[str, Any]
) -> Operation:
    """Store an endpoint as PUT or PATCH asks for it, over what is known of it, and begin the operation."""
    properties = dict(asked.get("properties") or {})
    shares = _read_traffic(context, scope, name, known, properties)
    check_unlocked(context, scope, KIND, name)
    body = _new_body(context, scope, name, asked) if known is None else dict(known.body)
    body["tags"] = tags
    body["properties"] = {
        **body["properties"],
        **{field: properties[field] for field in _KEPT if properties.get(field) is not None},
        **shares,
        "provisioningState": "Creating" if known is None else "Updating",
    }
    context.store.put(KIND, scope, name, "", body)
    return context.operations.begin(scope, KIND, name, verb="put")


def _accepted(context: Context, scope: Scope, name: str, operation: Operation, status: int) -> Response:
    answer = with_address(context, operation, to_arm(context, scope, find(context, scope, name)))
    return polls.accepted(context, operation, answer, status)


def _new_body(context: Context, scope: Scope, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    check_name("endpoint", name)
    usages.check_endpoint(context, scope)
    if context.store.list(KIND, None, name=name, top=1).records:
        sentence = f"There is already an endpoint with the name '{name}'. Endpoint names are unique in a region."
        raise ArmError(409, "Conflict", sentence)
    mode = str((asked.get("properties") or {}).get("authMode") or "Key").replace("_", "").lower()
    if mode not in AUTH_MODES:
        raise ArmError(400, "BadArgument", "authMode must be Key, AMLToken or AADToken.")
    context.store.put(KEYS, scope, name, "", {"primaryKey": _new_key(), "secondaryKey": _new_key()})
    workspace = workspaces.find(context, scope)
    return {
        "scope": list(scope),
        "workspaceId": workspace.body["workspaceId"].partition("-")[0],
        "location": asked.get("location") or workspace.body["location"],
        "kind": asked.get("kind") or ("K8S" if (asked.get("properties") or {}).get("compute") else "Managed"),
        "identity": _new_identity(asked.get("identity") or {}),
        "properties": {"authMode": AUTH_MODES[mode]},
    }


def _new_identity(asked: dict[str, Any]) -> dict[str, Any]:
    """It cannot be changed later. Its ids are made up: nothing here asks who an identity is."""
    kind = str(asked.get("type") or "SystemAssigned")
    identity: dict[str, Any] = {"type": kind}
    if "SystemAssigned" in kind:
        identity |= {"principalId": str(uuid.uuid4()), "tenantId": str(uuid.uuid4())}
    users = asked.get("userAssignedIdentities") or {}
    if users:
        ids = {name: {"clientId": str(uuid.uuid4()), "principalId": str(uuid.uuid4())} for name in users}
        identity["userAssignedIdentities"] = ids
    return identity


def _read_traffic(
    context: Context, scope: Scope, name: str, known: Record | None, asked: dict[str, Any]
) -> dict[str, dict[str, int]]:
    if known is None:
        if asked.get("traffic") or asked.get("mirrorTraffic"):
            sentence = "Traffic cannot be set at creation: the endpoint has no deployments yet."
            raise ArmError(400, "BadArgument", sentence)
        return {"traffic": {}, "mirrorTraffic": {}}
    records = context.store.list(DEPLOYMENTS, scope, name=name, top=1000).records
    names = {record.version.lower(): record.version for record in records}
    live = known.body["properties"]["traffic"]
    if asked.get("traffic") is not None:
        live = traffic.read_live(name, names, asked["traffic"])
    # Documented: an update that says nothing of it, as older SDKs do, ends the mirroring.
    is_managed = known.body["kind"] == "Managed"
    mirrored = traffic.read_mirrored(name, names, asked.get("mirrorTraffic") or {}, live, is_managed=is_managed)
    return {"traffic": live, "mirrorTraffic": mirrored}


def _set_state(context: Context, scope: Scope, name: str, state: str) -> None:
    context.store.change(KIND, scope, name, "", lambda body: body["properties"].update(provisioningState=state))


def _new_key() -> str:
    return secrets.token_urlsafe(24)
