"""What pages show of workspaces."""

from collections.abc import Iterable
from dataclasses import dataclass

from ops.messages import Explanation, explained
from ops.models import Compute, Operation, Workspace
from portal.presenters import operations
from portal.presenters.operations import Step
from portal.queries import workspaces as queries


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """One workspace; ``operation`` is the latest look at it in Azure, ``recent`` the last few of all operations."""

    workspace: Workspace
    error: Explanation | None
    operation: Operation | None
    steps: list[Step]
    computes: Iterable[Compute]
    recent: Iterable[Operation]
    is_live: bool
    may_write: bool


def page(workspace: Workspace, may_write: bool) -> WorkspacePage:
    """Return what the workspace's page shows."""
    operation = queries.last_check(workspace)
    return WorkspacePage(
        workspace=workspace,
        error=explained(workspace),
        operation=operation,
        steps=operations.steps(operation) if operation else [],
        computes=queries.list_computes(workspace),
        recent=queries.list_recent_operations(workspace),
        is_live=bool(operation and not operation.is_final),
        may_write=may_write,
    )
