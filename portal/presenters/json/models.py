"""The JSON forms of registered models and their versions."""

from typing import Any

from django.urls import reverse

from ops.messages import Explanation
from ops.models import ModelVersion, RegisteredModel
from portal.presenters.json import operations
from portal.presenters.json.errors import error
from portal.presenters.models import VersionPage


def page(shown: VersionPage) -> dict[str, Any]:
    return {
        "model_version": version_detail(shown.version, shown.error),
        "operation": operations.detail(shown.operation),
    }


def summary(registered: RegisteredModel) -> dict[str, Any]:
    """Return the short form, as in a list; what was not read with the row is missing from it."""
    newest: list[ModelVersion] = getattr(registered, "newest", [])
    return {
        "id": registered.public_id,
        "name": registered.name,
        "url": reverse("models:detail", args=[registered.public_id]),
        "workspace": registered.workspace.name,
        "versions": getattr(registered, "version_count", None),
        "newest": [version_summary(version) for version in newest],
    }


def version_summary(version: ModelVersion) -> dict[str, Any]:
    """Return the short form of a version, as in a list."""
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


def version_detail(version: ModelVersion, problem: Explanation | None) -> dict[str, Any]:
    """Return the short form with spec, files, samples and what went wrong with its registration."""
    return version_summary(version) | {
        "name": version.registered_model.name,
        "kind": version.kind,
        "spec": version.spec,
        "error": error(problem),
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
