"""Which workspaces a page reads, with their computes and what was done in them."""

from django.db.models import Count, Q, QuerySet

from ops.models import Compute, Operation, Workspace
from portal.queries import operations

SEARCHED = ("name", "resource_group")
CHECKS = (Operation.Kind.REGISTER_WORKSPACE, Operation.Kind.TEST_CONNECTION)
RECENT = 8


def list_workspaces() -> QuerySet[Workspace]:
    """Return the registered workspaces; one that was let go is history and has no page."""
    return Workspace.objects.filter(unregistered_at=None).select_related("team", "credential", "mirror")


def list_ready() -> QuerySet[Workspace]:
    """Return the workspaces in which a job can run, with their computes."""
    ready = Workspace.objects.filter(unregistered_at=None, state=Workspace.State.READY)
    return ready.prefetch_related("computes").order_by("name")


def with_compute_count(workspaces: QuerySet[Workspace]) -> QuerySet[Workspace]:
    """Return the workspaces with ``compute_count``, newest first."""
    counted = Count("computes", filter=Q(computes__gone_at=None))
    return workspaces.annotate(compute_count=counted).order_by("-created_at", "-pk")


def list_computes(workspace: Workspace) -> QuerySet[Compute]:
    """Return the computes that exist."""
    return workspace.computes.filter(gone_at=None).order_by("name")


def list_recent_operations(workspace: Workspace) -> QuerySet[Operation]:
    """Return the last few operations in the workspace, whatever they worked on."""
    return operations.list_operations().filter(workspace=workspace)[:RECENT]


def last_check(workspace: Workspace) -> Operation | None:
    """Return the latest look at the workspace in Azure: its registration or a test of the connection."""
    return operations.list_operations_on(workspace).filter(kind__in=CHECKS).first()


def is_registered(cloud: str, **names: str) -> bool:
    """Whether anybody in the portal has registered that workspace: subscription_id, resource_group and name."""
    same_names = {f"{field}__iexact": name for field, name in names.items()}
    return Workspace.objects.filter(cloud=cloud, unregistered_at=None, **same_names).exists()
