"""The JSON forms of operations."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse

from ops.messages import explained
from ops.models import Operation
from portal.presenters.json.errors import error
from portal.presenters.operations import steps
from portal.presenters.targets import target_of


def summary(operation: Operation) -> dict[str, Any]:
    """Return the short form, as in a list."""
    return {
        "id": operation.public_id,
        "kind": operation.kind,
        "label": operation.get_kind_display(),
        "state": operation.state,
        "is_final": operation.is_final,
        "step": operation.step,
        "url": reverse("operations:detail", args=[operation.public_id]),
        "workspace": operation.workspace.name if operation.workspace else "",
        "requested_by": str(operation.requested_by or ""),
        "error": error(explained(operation)),
        "created_at": operation.created_at,
        "started_at": operation.started_at,
        "finished_at": operation.finished_at,
        "target": asdict(target_of(operation)),
    }


def detail(operation: Operation | None) -> dict[str, Any] | None:
    """Return the short form with the steps; None for a thing with which nothing was done."""
    if operation is None:
        return None
    return summary(operation) | {"steps": [asdict(step) for step in steps(operation)]}
