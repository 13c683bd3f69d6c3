"""Mirrors registered models and their versions, those made outside the portal too."""

import re
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ops.azure import models
from ops.azure.connections import Connection
from ops.azure.facts import ModelFacts
from ops.models import ModelVersion, Operation, RegisteredModel, Run, Workspace

BATCH = 100
RUN_IN_PATH = re.compile(r"(?:://jobs/|/ExperimentRun/dcid\.)([^/]+)/")


def sync(workspace: Workspace, azure: Connection) -> None:
    """Rows for all versions; ``gone_at`` for those that are no longer listed. Raises AzureError."""
    began_at = timezone.now()
    listed = models.list_models(azure)
    for start in range(0, len(listed), BATCH):
        with transaction.atomic():
            for facts in listed[start : start + BATCH]:
                _write(workspace, facts)
    present = {(facts.name, facts.version) for facts in listed}
    rows = ModelVersion.objects.filter(registered_model__workspace=workspace).exclude(arm_id="")
    known = rows.filter(gone_at=None, created_at__lt=began_at).exclude(pk__in=_just_made(began_at))
    gone = [
        pk for pk, *key in known.values_list("pk", "registered_model__name", "version") if tuple(key) not in present
    ]
    for start in range(0, len(gone), BATCH):
        ModelVersion.objects.filter(pk__in=gone[start : start + BATCH]).update(gone_at=began_at)


def _write(workspace: Workspace, facts: ModelFacts) -> None:
    now = timezone.now()
    line, _made = RegisteredModel.objects.get_or_create(
        workspace=workspace, name=facts.name, defaults={"newest_at": facts.created_at or now}
    )
    version = line.versions.filter(version=facts.version).first()
    if version is None:
        version = ModelVersion.objects.create(
            registered_model=line,
            version=facts.version,
            state=ModelVersion.State.READY,
            run=_run(workspace, facts),
            metrics=_metrics(facts),
        )
        made_at = facts.created_at or now
        ModelVersion.objects.filter(pk=version.pk).update(created_at=made_at)
        line.note_version(made_at)
    elif not version.arm_id and Operation.objects.open().about(version).exists():
        return
    ModelVersion.objects.filter(pk=version.pk).update(
        kind=facts.kind[:30],
        path=facts.path[:500],
        arm_id=facts.arm_id,
        tags=dict(facts.tags),
        seen_at=now,
        gone_at=None,
    )


def _just_made(since: datetime) -> QuerySet[Operation, int]:
    """Return the versions whose operation ended after the list was read: they may not be in it."""
    ended = Operation.objects.about_any(ModelVersion).filter(finished_at__gt=since)
    return ended.values_list("target_id", flat=True)


def _run(workspace: Workspace, facts: ModelFacts) -> Run | None:
    """The path says which run it came from, as it was given or as Azure resolves it: a place in the artifact store."""
    found = RUN_IN_PATH.search(facts.path)
    return workspace.runs.filter(name=found[1]).first() if found else None


def _metrics(facts: ModelFacts) -> dict[str, float]:
    """The properties that are numbers: our own versions carry their metrics there."""
    found: dict[str, float] = {}
    for key, value in facts.properties.items():
        try:
            found[key] = float(value)
        except ValueError:
            continue
    return found
