"""The workspace, group or subscription that a request names: found, or refused in ARM's words."""

from __future__ import annotations

from amlocal.storage.context import Context
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError


def find_workspace(context: Context, subscription: str, group: str, workspace: str) -> Scope:
    """The workspace of a request, spelled as it was created. Raises ArmError 404 (403 to strangers at the least
    kind)."""
    record = context.store.get("workspaces", f"{subscription}/{group}", workspace)
    if record is not None:
        return Scope(*record.body["scope"])
    if context.settings.is_least_kind:
        raise ArmError(
            403,
            "AuthorizationFailed",
            "The client does not have authorization to perform action"
            " 'Microsoft.MachineLearningServices/workspaces/read'"
            f" over scope '{Scope(subscription, group, workspace).arm_id}' or the scope is invalid.",
        )
    check_group(context, subscription, group)
    raise ArmError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.MachineLearningServices/workspaces/{workspace}' under resource group '{group}'"
        " was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def check_subscription(context: Context, subscription: str) -> None:
    """Raises ArmError 404."""
    if context.store.get("subscriptions", "", subscription) is None:
        raise ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def check_group(context: Context, subscription: str, group: str) -> None:
    """Raises ArmError 404."""
    check_subscription(context, subscription)
    if context.store.get("groups", subscription, group) is None:
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
