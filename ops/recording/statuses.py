"""Writes a run's status as Azure says it, and the change into its timeline. Reads nothing from Azure."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from ops.models import Run, RunStatusChange


def record(run: Run, status: str, **columns: Any) -> bool:
    """The run has this status from now on; False when it had it already. ``columns`` are written only with a change.

    ``is_final`` is not written: a run whose last log bytes are still to come is not over. The mirror says when.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Run.objects.filter(pk=run.pk).exclude(status=status)
        if not rows.update(status=status, **columns):
            return False
        RunStatusChange.objects.create(run=run, status=status, at=now)
    run.status = status
    return True
