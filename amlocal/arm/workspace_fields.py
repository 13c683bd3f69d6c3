"""What a workspace says about itself, as a template's parameters, a PUT or a PATCH have it. Keeping one is in
workspaces.py."""

from __future__ import annotations

from typing import Any

from amlocal.web.http import ArmError

UNSUPPORTED_KINDS = {"hub": "Hubs", "project": "Hub projects", "featurestore": "Feature stores"}
# Parameters of the SDK's template that are properties under the same name.
SAME = (
    "friendlyName",
    "description",
    "publicNetworkAccess",
    "imageBuildCompute",
    "primaryUserAssignedIdentity",
    "systemDatastoresAuthMode",
)
# Parameters that together name a resource which is there already: (prefix, property, type of the resource).
BESIDE = (
    ("keyVault", "keyVault", "Microsoft.KeyVault/vaults"),
    ("applicationInsights", "applicationInsights", "Microsoft.Insights/components"),
    ("containerRegistry", "containerRegistry", "Microsoft.ContainerRegistry/registries"),
)

# What amlocal decides itself, and what the newest version of the API no longer has.
LEFT_OUT = (
    "managedNetwork",
    "storageAccount",
    "provisioningState",
    "workspaceId",
    "discoveryUrl",
    "networkAcls",
    "allowRoleAssignmentOnRG",
)


def from_template(values: dict[str, Any], subscription: str) -> dict[str, Any]:
    """The body of a workspace from the values of the SDK's template. Its storage account is amlocal's own, whichever
    was asked for."""
    found = {name: values[name] for name in SAME if values.get(name)}
    for prefix, name, sort in BESIDE:
        if values.get(f"{prefix}Option") == "existing":
            group = values.get(f"{prefix}ResourceGroupName")
            place = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{sort}"
            found[name] = f"{place}/{values.get(f'{prefix}Name')}"
    if str(values.get("confidential_data")).lower() == "true":
        found["hbiWorkspace"] = True
    return {
        "kind": values.get("kind"),
        "location": values.get("location"),
        "tags": values.get("tagValues") or {},
        "identity": values.get("identity"),
        "properties": {**found, "managedNetwork": values.get("managedNetwork")},
    }


def check(body: dict[str, Any]) -> None:
    """Refuses what amlocal cannot keep its word on. Raises ArmError 501."""
    kind = str(body.get("kind") or "default").lower()
    if kind != "default":
        what = UNSUPPORTED_KINDS.get(kind, f"Workspaces of kind {body['kind']}")
        raise ArmError(501, "NotImplementedHere", f"{what} are not in amlocal yet.")
    network = (body.get("properties") or {}).get("managedNetwork") or {}
    if str(network.get("isolationMode") or "Disabled").lower() != "disabled":
        raise ArmError(501, "NotImplementedHere", "Managed networks are not in amlocal yet: nothing would be isolated.")


def kept(properties: dict[str, Any] | None) -> dict[str, Any]:
    """The properties of a body that are stored: what was told, without what is not ours to take."""
    return {name: value for name, value in (properties or {}).items() if value is not None and name not in LEFT_OUT}


def identity_to_arm(stored: dict[str, Any] | None, principal: str, tenant: str) -> dict[str, Any]:
    """The workspace's identities; `principal` stands for all of them."""
    asked = stored or {}
    kind = str(asked.get("type") or "SystemAssigned")
    users = {name: user for name, user in (asked.get("userAssignedIdentities") or {}).items() if user is not None}
    found: dict[str, Any] = {"type": kind}
    if "systemassigned" in kind.lower():
        found |= {"principalId": principal, "tenantId": tenant}
    if users:
        found["userAssignedIdentities"] = {name: {"principalId": principal, "clientId": principal} for name in users}
    return found
