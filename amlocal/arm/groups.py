"""What stands above workspaces: subscriptions and resource groups; and the storage, vault and insights resources that
stand beside them."""

from __future__ import annotations

from typing import Any

from amlocal.arm.context import Context
from amlocal.storage import pages, scopes
from amlocal.storage.store import Record
from amlocal.web import names
from amlocal.web.http import ArmError, Request, Response, json_response

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources
# Whose resources stand beside a workspace.
PROVIDERS = (
    "microsoft.storage",
    "microsoft.keyvault",
    "microsoft.insights",
    "microsoft.operationalinsights",
    "microsoft.containerregistry",
)


def add_subscription(context: Context, subscription: str) -> Record:
    return context.store.put("subscriptions", "", subscription, "", {"displayName": f"amlocal {subscription[-4:]}"})


def add_group(context: Context, subscription: str, group: str, body: dict[str, Any]) -> Record:
    """`body` has `location` and `tags`."""
    stored = {"location": body.get("location") or context.settings.region, "tags": body.get("tags") or {}}
    return context.store.put("groups", subscription, group, "", stored)


def list_subscriptions(context: Context, request: Request) -> Response:
    return pages.answer(context, request, "subscriptions", "", _subscription_to_arm)


def get_subscription(context: Context, request: Request, *, subscription: str) -> Response:
    scopes.check_subscription(context, subscription)
    record = context.store.get("subscriptions", "", subscription)
    assert record is not None
    return json_response(_subscription_to_arm(record))


def list_groups(context: Context, request: Request, *, subscription: str) -> Response:
    scopes.check_subscription(context, subscription)
    return pages.answer(context, request, "groups", subscription, lambda record: _group_to_arm(subscription, record))


def get_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    scopes.check_group(context, subscription, group)
    record = context.store.get("groups", subscription, group)
    assert record is not None
    return json_response(_group_to_arm(subscription, record))


def put_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    scopes.check_subscription(context, subscription)
    if told := names.GROUP.broken(group):
        raise ArmError(400, "InvalidResourceGroup", told)
    body = request.json()
    if not body.get("location"):
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    old = context.store.get("groups", subscription, group)
    return json_response(
        _group_to_arm(subscription, add_group(context, subscription, group, body)), 200 if old else 201
    )


def check_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    """HEAD: 204 when it is there, else 404, as `check_existence` asks."""
    scopes.check_group(context, subscription, group)
    return Response(204)


def change_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    """PATCH: tags."""
    scopes.check_group(context, subscription, group)
    tags = request.json().get("tags")

    def edit(body: dict[str, Any]) -> None:
        body["tags"] = body["tags"] if tags is None else tags

    record = context.store.change("groups", subscription, group, "", edit)
    assert record is not None
    return json_response(_group_to_arm(subscription, record))


def delete_group(context: Context, request: Request, *, subscription: str, group: str) -> Response:
    """An empty one only: amlocal deletes no workspace on the way."""
    scopes.check_group(context, subscription, group)
    if context.store.list("workspaces", f"{subscription}/{group}", top=1).records:
        raise ArmError(409, "ResourceGroupNotEmpty", f"Delete the workspaces of the resource group '{group}' first.")
    context.store.delete("groups", subscription, group)
    return Response(200)


def get_dependent(
    context: Context, request: Request, *, subscription: str, group: str, provider: str, sort: str, name: str
) -> Response:
    """A storage account, vault or component as a resource with nothing to set: the SDK reads it before deleting a
    workspace."""
    scopes.check_group(context, subscription, group)
    _check_provider(provider)
    return json_response(
        {
            "id": request.raw_path,
            "name": name,
            "type": f"{provider}/{sort}",
            "location": context.settings.region,
            "properties": {},
        }
    )


def delete_dependent(
    context: Context, request: Request, *, subscription: str, group: str, provider: str, sort: str, name: str
) -> Response:
    """Answered, and nothing is done: a workspace's storage goes with its workspace."""
    scopes.check_group(context, subscription, group)
    _check_provider(provider)
    return Response(204)


def _check_provider(provider: str) -> None:
    if provider.lower() not in PROVIDERS:
        raise ArmError(501, "NotImplementedHere", f"Resources of {provider} are not in amlocal.")


def _subscription_to_arm(record: Record) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{record.name}",
        "subscriptionId": record.name,
        "displayName": record.body["displayName"],
        "state": "Enabled",
    }


def _group_to_arm(subscription: str, record: Record) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{record.name}",
        "name": record.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": record.body["location"],
        "tags": record.body["tags"],
        "properties": {"provisioningState": "Succeeded"},
    }
