"""What pages show of registered models and their versions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from ops.messages import Explanation, explained
from ops.models import Deployment, ModelVersion, Operation, RegisteredModel, Sample, VersionFile
from portal.presenters import operations
from portal.presenters.operations import Step
from portal.queries import models as queries

LABELS_SHOWN = 30
SIBLINGS = 6


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One row of the list of registered models, with its newest version."""

    registered: RegisteredModel
    url: str
    workspace: str
    newest: ModelVersion | None
    newest_url: str
    who: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One row of a model's versions."""

    version: ModelVersion
    is_numbered: bool


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One version; ``metrics`` has the main one first, ``spec`` are (name, value) in a person's words."""

    version: ModelVersion
    is_numbered: bool
    operation: Operation | None
    error: Explanation | None
    steps: list[Step]
    metrics: list[tuple[str, float]]
    path_end: str
    spec: list[tuple[str, str]]
    spec_json: str
    files: Iterable[VersionFile]
    samples: Iterable[Sample]
    serving: Iterable[Deployment]
    siblings: Iterable[ModelVersion]
    is_live: bool
    may_deploy: bool


def model_row(registered: RegisteredModel) -> ModelRow:
    """Return what the list shows of the registered model."""
    newest = queries.newest(registered)
    return ModelRow(
        registered=registered,
        url=reverse("models:detail", args=[registered.public_id]),
        workspace=registered.workspace.name,
        newest=newest,
        newest_url=reverse("models:version", args=[newest.public_id]) if newest and is_numbered(newest) else "",
        who=str(newest.requested_by or "") if newest else "",
    )


def row(version: ModelVersion) -> VersionRow:
    """Return what the list of a model's versions shows of this one."""
    return VersionRow(version, is_numbered(version))


def page(version: ModelVersion, may_write: bool) -> VersionPage:
    """Return what the version's page shows."""
    operation = queries.last_operation(version)
    is_busy = bool(operation and not operation.is_final)
    return VersionPage(
        version=version,
        is_numbered=is_numbered(version),
        operation=operation,
        error=explained(operation) if operation else None,
        steps=operations.steps(operation) if operation and is_busy else [],
        metrics=sorted(version.metrics.items(), key=lambda metric: metric[0] != version.main_metric),
        path_end=version.path.rpartition("/")[2],
        spec=spec_facts(version),
        spec_json=json.dumps(version.spec, indent=2, ensure_ascii=False),
        files=version.files.all(),
        samples=version.samples.all(),
        serving=queries.list_serving(version),
        siblings=queries.list_siblings(version)[:SIBLINGS],
        is_live=is_busy,
        may_deploy=may_write and version.state == ModelVersion.State.READY,
    )


def is_numbered(version: ModelVersion) -> bool:
    """Whether the registration has chosen its number; until then the row carries a provisional one."""
    return not version.version.startswith("new-")


def spec_facts(version: ModelVersion) -> list[tuple[str, str]]:
    """The version's model.json in a person's words; what the words do not cover is in the file itself."""
    spec = version.spec
    facts = []
    if {"width", "height"} <= spec.keys():
        facts.append(
            (_("Picture"), f"{spec['width']} × {spec['height']}, {spec.get('color', spec.get('channels', ''))}")
        )
    if "scale" in spec:
        facts.append((_("Values"), _("× %(scale)s") % {"scale": f"{spec['scale']:.4g}"}))
    if "inverted" in spec:
        facts.append((_("Background"), _("dark, ink bright") if spec["inverted"] else _("bright, ink dark")))
    if isinstance(spec.get("labels"), list):
        facts.append((_("Answers"), ", ".join(map(str, spec["labels"][:LABELS_SHOWN]))))
    if "format" in spec:
        facts.append((_("Request format"), str(spec["format"])))
    return facts
