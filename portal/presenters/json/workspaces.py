"""The JSON forms of workspaces."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from ops.messages import explained
from ops.models import Compute, Workspace
from portal.presenters.json import operations
from portal.presenters.json.errors import error
from portal.presenters.workspaces import WorkspacePage


def page(shown: WorkspacePage) -> dict[str, Any]:
    return {
        "workspace": detail(shown.workspace, shown.computes),
        "operation": operations.detail(shown.operation),
    }


def summary(workspace: Workspace) -> dict[str, Any]:
    """Return the short form, as in a list."""
    return {
        "id": workspace.public_id,
        "name": workspace.name,
        "url": reverse("workspaces:detail", args=[workspace.public_id]),
        "team": workspace.team.name,
        "cloud": workspace.cloud,
        "subscription_id": workspace.subscription_id,
        "resource_group": workspace.resource_group,
        "state": workspace.state,
        "location": workspace.location,
        "error": error(explained(workspace)),
        "seen_at": workspace.mirror.seen_at,
    }


def detail(workspace: Workspace, computes: Iterable[Compute]) -> dict[str, Any]:
    """Return the short form with the computes."""
    return summary(workspace) | {
        "computes": [
            {"name": compute.name, "kind": compute.kind, "size": compute.size, "state": compute.state}
            for compute in computes
        ]
    }
