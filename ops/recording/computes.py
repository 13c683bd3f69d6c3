"""Mirrors the compute targets of a workspace: one list call, one short transaction."""

from django.db import transaction
from django.utils import timezone

from ops.azure import computes
from ops.azure.connections import Connection
from ops.models import Compute, Workspace


def sync(workspace: Workspace, azure: Connection) -> None:
    """Rows for all that is listed, ``gone_at`` for what is not. Raises AzureError."""
    listed = computes.list_computes(azure)
    now = timezone.now()
    with transaction.atomic():
        for facts in listed:
            Compute.objects.update_or_create(
                workspace=workspace,
                name=facts.name,
                defaults={
                    "kind": facts.kind[:40],
                    "size": facts.size[:60],
                    "state": facts.state[:40],
                    "min_nodes": facts.min_nodes,
                    "max_nodes": facts.max_nodes,
                    "arm_id": facts.arm_id,
                    "seen_at": now,
                    "gone_at": None,
                },
            )
        workspace.computes.filter(gone_at=None).exclude(name__in=[facts.name for facts in listed]).update(gone_at=now)
