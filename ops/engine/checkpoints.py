"""Keeps what a step decided in ``operation.plan`` before it tells Azure, so that a second run decides the same."""

from typing import Any

from ops.models import Operation


class LeaseLost(BaseException):
    """Another worker has taken the turn over: stop at once, nothing more may be sent to Azure."""


def save(operation: Operation, **facts: Any) -> None:
    """Store ``facts`` in the plan. Raises LeaseLost when the turn is no longer this worker's."""
    plan = operation.plan | facts
    if not Operation.objects.filter(pk=operation.pk, turn=operation.turn, finished_at=None).update(plan=plan):
        raise LeaseLost
    operation.plan = plan
