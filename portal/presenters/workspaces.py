"""Workspaces as pages and JSON clients read them."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from ops.messages import explained
from ops.models import Operation, Workspace
from portal.responses import error_json

CHECKS = (Operation.Kind.REGISTER_WORKSPACE, Operation.Kind.TEST_CONNECTION)


def every() -> QuerySet[Workspace]:
    """The registered workspaces; one that was let go is history and has no page."""
    return Workspace.objects.filter(unregistered_at=None).select_related("team", "credential", "mirror")


def listed(workspaces: QuerySet[Workspace]) -> QuerySet[Workspace]:
    """With ``compute_count``, newest first."""
    counted = Count("computes", filter=Q(computes__gone_at=None))
    return workspaces.annotate(compute_count=counted).order_by("-created_at", "-pk")


def last_check(workspace: Workspace) -> Operation | None:
    """The latest look at the workspace in Azure: its registration or a test of the connection."""
    checks = workspace.operations.filter(kind__in=CHECKS).select_related("requested_by", "workspace")
    return checks.order_by("-pk").first()


def outline(workspace: Workspace) -> dict[str, Any]:
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
        "error": error_json(explained(workspace)),
        "seen_at": workspace.mirror.seen_at,
    }


def describe(workspace: Workspace) -> dict[str, Any]:
    computes = workspace.computes.filter(gone_at=None).order_by("name")
    return outline(workspace) | {
        "computes": [
            {"name": compute.name, "kind": compute.kind, "size": compute.size, "state": compute.state}
            for compute in computes
        ]
    }
