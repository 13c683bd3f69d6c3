"""Compute targets of a workspace, as a list. Making and deleting them is not offered yet."""

from __future__ import annotations

from typing import Any

from ops.azure import words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.facts import ComputeFacts


@translate()
def list_computes(connection: Connection) -> list[ComputeFacts]:
    """Every compute target of the workspace, of every kind; one call a page."""
    return [_facts(compute) for compute in connection.ml.compute.list()]


def _facts(compute: Any) -> ComputeFacts:
    return ComputeFacts(
        name=words.text(compute.name),
        kind=words.text(compute.type).lower(),
        size=words.text(getattr(compute, "size", "")),
        state=words.text(compute.provisioning_state),
        min_nodes=getattr(compute, "min_instances", None),
        max_nodes=getattr(compute, "max_instances", None),
        arm_id=words.text(compute.id),
    )
