"""Registered models and their versions as pages and JSON clients read them."""

from typing import Any

from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from ops.messages import explained
from ops.models import Deployment, ModelVersion, Operation, RegisteredModel
from portal.responses import error_json

LABELS_SHOWN = 30


def every() -> QuerySet[RegisteredModel]:
    return RegisteredModel.objects.filter(workspace__unregistered_at=None).select_related("workspace")


def versions() -> QuerySet[ModelVersion]:
    """With all that a page names."""
    return ModelVersion.objects.filter(registered_model__workspace__unregistered_at=None).select_related(
        "registered_model__workspace", "run", "requested_by"
    )


def listed(registered: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """With ``version_count``, ``newest_at`` and the newest version in the list ``newest``: one more query a page."""
    living = Q(versions__gone_at=None)
    existing = ModelVersion.objects.filter(gone_at=None)
    newest_keys = existing.order_by().values("registered_model").annotate(key=Max("pk"))
    newest = Prefetch(
        "versions",
        existing.filter(pk__in=newest_keys.values("key")).select_related("run", "requested_by"),
        to_attr="newest",
    )
    return (
        registered.annotate(version_count=Count("versions", filter=living), newest_at=Max("versions__created_at"))
        .prefetch_related(newest)
        .order_by("-newest_at", "name")
    )


def versions_of(registered: RegisteredModel) -> QuerySet[ModelVersion]:
    """Newest first, each with the deployments that serve it as ``serving``."""
    serving = Prefetch(
        "deployments", Deployment.objects.filter(gone_at=None).select_related("endpoint"), to_attr="serving"
    )
    return versions().filter(registered_model=registered, gone_at=None).prefetch_related(serving)


def last_operation(version: ModelVersion) -> Operation | None:
    """The registration of the version."""
    registrations = Operation.objects.about(version).filter(kind=Operation.Kind.REGISTER_VERSION)
    return registrations.select_related("workspace", "requested_by").order_by("-pk").first()


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


def outline(registered: RegisteredModel) -> dict[str, Any]:
    newest: list[ModelVersion] = getattr(registered, "newest", [])
    return {
        "id": registered.public_id,
        "name": registered.name,
        "url": reverse("models:detail", args=[registered.public_id]),
        "workspace": registered.workspace.name,
        "versions": getattr(registered, "version_count", None),
        "newest": [version_outline(version) for version in newest],
    }


def version_outline(version: ModelVersion) -> dict[str, Any]:
    run = version.run
    return {
        "id": version.public_id,
        "version": version.version,
        "url": reverse("models:version", args=[version.public_id]),
        "state": version.state,
        "metrics": version.metrics,
        "main_metric": version.main_metric,
        "run": {"id": run.public_id, "name": run.name} if run else None,
        "created_at": version.created_at,
    }


def describe(version: ModelVersion, operation: Operation | None) -> dict[str, Any]:
    return version_outline(version) | {
        "name": version.registered_model.name,
        "kind": version.kind,
        "spec": version.spec,
        "error": error_json(explained(operation)) if operation else None,
        "files": [
            {
                "path": file.path,
                "size": file.size,
                "url": reverse("models:file", args=[version.public_id, file.path]),
            }
            for file in version.files.all()
        ],
        "samples": [
            {"id": sample.public_id, "label": sample.label, "url": reverse("models:sample", args=[sample.public_id])}
            for sample in version.samples.all()
        ],
    }
