"""Which operations a page reads, and with what."""

from collections.abc import Iterable

from django.db.models import Model, QuerySet

from ops.models import Operation
from ops.models.targets import Targeted, attach_targets

# What the list searches.
SEARCHED = ("target_name", "public_id")


def list_operations() -> QuerySet[Operation]:
    """Return the operations with all that a list row or a detail page names, newest first."""
    return Operation.objects.filter(workspace__unregistered_at=None).select_related(
        "workspace", "requested_by", "retry_of"
    )


def list_operations_on(target: Model) -> QuerySet[Operation]:
    """Return what was done with one thing, newest first."""
    return Operation.objects.about(target).select_related("workspace", "requested_by").order_by("-pk")


def read_targets(rows: Iterable[Targeted]) -> None:
    """Read what the rows of a list are about: one query for each noun among them."""
    attach_targets(rows)
