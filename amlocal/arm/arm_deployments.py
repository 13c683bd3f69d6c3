"""ARM template deployments, as far as the SDK needs them to create a workspace: the template's parameters are read,
the template is not."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from amlocal.arm import polls, workspace_fields, workspaces
from amlocal.arm.context import Context
from amlocal.arm.operations import Operation
from amlocal.storage import scopes, stamps
from amlocal.storage.store import Record, Scope
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

KIND = "arm-deployments"
# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources


def put(context: Context, request: Request, *, subscription: str, group: str, name: str) -> Response:
    """PUT …/Microsoft.Resources/deployments/{name}: creates the workspace that the parameters describe."""
    scopes.check_group(context, subscription, group)
    if told := names.TEMPLATE_DEPLOYMENT.broken(name):
        raise ArmError(400, "InvalidDeploymentName", told)
    parameters = (request.json().get("properties") or {}).get("parameters") or {}
    values = {key: value.get("value") for key, value in parameters.items() if isinstance(value, dict)}
    if not values.get("workspaceName"):
        raise ArmError(
            501, "NotImplementedHere", "Templates that create anything but a workspace are not in amlocal yet."
        )
    workspace_fields.check(workspace_fields.from_template(values, subscription))
    workspaces.check_name(str(values["workspaceName"]))
    scope = Scope(subscription, group, "")
    with context.store.writing():
        context.store.put(KIND, scope, name, "", {"values": values, "properties": {"provisioningState": "Running"}})
        operation = context.operations.begin(scope, KIND, name, verb="put", is_quick=True)
    address = f"{_arm_id(scope, name)}/operationStatuses/{operation.id}?api-version=2020-06-01"
    headers = {"Azure-AsyncOperation": f"{context.settings.public_url}{quote(address, safe='/?=')}", "Retry-After": "1"}
    return json_response(_to_arm(scope, _find(context, scope, name)), 201, headers)


def put_worker(context: Context, operation: Operation) -> None:
    """Creates the workspace; safe to run twice."""
    record = _find(context, operation.scope, operation.name)
    values = record.body["values"]
    scope = Scope(operation.scope.subscription, operation.scope.group, str(values["workspaceName"]))
    workspaces.create(context, scope, workspace_fields.from_template(values, scope.subscription))


def get(context: Context, request: Request, *, subscription: str, group: str, name: str) -> Response:
    scope = Scope(subscription, group, "")
    return json_response(_to_arm(scope, _find(context, scope, name)))


def get_status(
    context: Context, request: Request, *, subscription: str, group: str, name: str, operation: str
) -> Response:
    return polls.get_status(context, request, subscription=subscription, region="", operation=operation)


def list_steps(context: Context, request: Request, *, subscription: str, group: str, name: str) -> Response:
    """GET …/deployments/{name}/operations: the steps, which amlocal does not tell apart."""
    _find(context, Scope(subscription, group, ""), name)
    return json_response({"value": []})


def _find(context: Context, scope: Scope, name: str) -> Record:
    record = context.store.get(KIND, scope, name)
    if record is None:
        raise ArmError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")
    return record


def _arm_id(scope: Scope, name: str) -> str:
    group_id = f"/subscriptions/{scope.subscription}/resourceGroups/{scope.group}"
    return f"{group_id}/providers/Microsoft.Resources/deployments/{name}"


def _to_arm(scope: Scope, record: Record) -> dict[str, Any]:
    properties = {
        **record.body["properties"],
        "mode": "Incremental",
        "timestamp": stamps.iso(record.modified_at),
        "duration": "PT1S",
    }
    return {
        "id": _arm_id(scope, record.name),
        "name": record.name,
        "type": "Microsoft.Resources/deployments",
        "properties": properties,
    }
