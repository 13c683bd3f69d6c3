"""Whose is a thing in Azure: all we create carries the public id of the operation that created it."""

from collections.abc import Mapping

from django.db.models import QuerySet

from ops.models import Operation

OPERATION = "portolan-operation"


def of(operation: Operation, **more: str) -> dict[str, str]:
    """The tags of a thing that ``operation`` creates; ``more`` become portolan-<name>."""
    return {OPERATION: operation.public_id} | {f"portolan-{name}": value for name, value in more.items() if value}


def are_of(operation: Operation, tags: Mapping[str, str]) -> bool:
    """Whether this very operation created the thing."""
    return tags.get(OPERATION) == operation.public_id


def are_of_any(operations: QuerySet[Operation], tags: Mapping[str, str]) -> bool:
    """Whether one of ``operations`` (those of the same row: an earlier try, a retry) created the thing."""
    return OPERATION in tags and operations.filter(public_id=tags[OPERATION]).exists()
