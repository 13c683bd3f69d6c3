"""Datastores: the named blob containers of a workspace and, unless the profile forbids, their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amlocal.store import Scope

if TYPE_CHECKING:
    from amlocal.context import Context

KIND = "datastores"
# name -> (container prefix, type). Azure makes these four with every workspace.
FIRST = {
    "workspaceblobstore": ("azureml-blobstore", "AzureBlob"),
    "workspaceartifactstore": ("azureml", "AzureBlob"),
    "workspaceworkingdirectory": ("code", "AzureFile"),
    "workspacefilestore": ("azureml-filestore", "AzureFile"),
}


def make_first(context: Context, scope: Scope, account: str) -> None:
    for name, (container, kind) in FIRST.items():
        body: dict[str, Any] = {
            "datastoreType": kind,
            "account": account,
            "container": container,
            "isDefault": name == "workspaceblobstore",
            "tags": {},
        }
        context.store.put(KIND, scope, name, "", body)
        context.blobs.create_container(account, container)
