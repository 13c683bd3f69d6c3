"""Which operations a page reads, and with what."""

from collections.abc import Iterable

from django.db.models import Model, QuerySet

from ops.models import Operation
from ops.models.targets import Targeted, attach_targets

# What the lists can be narrowed by: the parameter of the address and its lookup.
FILTERS = {"workspace": "workspace__public_id", "state": "state", "kind": "kind"}
# What the list searches.
SEARCHED = ("target_name", "public_id")
LISTED = (
    "public_id",
    "kind",
    "state",
    "target_type",
    "target_id",
    "target_name",
    "created_at",
    "finished_at",
    "workspace__name",
    "requested_by__username",
    "requested_by__first_name",
    "requested_by__last_name",
)


def list_operations() -> QuerySet[Operation]:
    """Return the operations with all that a list row or a detail page names, newest first."""
    return Operation.objects.filter(workspace__unregistered_at=None).select_related(
        "workspace", "requested_by", "retry_of"
    )


def with_names(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """Return the operations with the workspace and the person of each."""
    return operations.select_related("workspace", "requested_by")


def complete_for_list(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """Return the operations with no more than what a list names of each."""
    return with_names(operations).only(*LISTED)


def list_operations_on(target: Model) -> QuerySet[Operation]:
    """Return what was done with one thing, newest first."""
    return Operation.objects.about(target).select_related("workspace", "requested_by").order_by("-pk")


def read_targets(rows: Iterable[Targeted]) -> None:
    """Read what the rows of a list are about: one query for each noun among them."""
    attach_targets(rows)
