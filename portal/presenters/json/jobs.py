"""The JSON forms of training runs."""

from typing import Any

from django.urls import reverse

from ops.messages import explained
from ops.models import MetricSeries, Run
from portal.presenters.jobs import JobPage, duration_seconds
from portal.presenters.json import operations
from portal.presenters.json.errors import error
from portal.queries.jobs import key_metrics


def page(shown: JobPage) -> dict[str, Any]:
    return {"run": detail(shown.run), "operation": operations.detail(shown.operation)}


def summary(run: Run) -> dict[str, Any]:
    """Return the short form, as in a list, with the key metrics."""
    return {
        "id": run.public_id,
        "name": run.name,
        "display_name": run.display_name,
        "url": reverse("jobs:detail", args=[run.public_id]),
        "status": run.status,
        "is_final": run.is_final,
        "experiment": run.experiment,
        "recipe": run.recipe,
        "workspace": run.workspace.name,
        "compute": run.compute,
        "requested_by": str(run.requested_by or ""),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_seconds": duration_seconds(run),
        "error": error(explained(run)),
        "metrics": {series.key: _value(series) for series in key_metrics(run)},
    }


def detail(run: Run) -> dict[str, Any]:
    """Return the short form with all metrics, statuses, log files and versions."""
    versions = run.model_versions.select_related("registered_model").order_by("pk")
    return summary(run) | {
        "parameters": run.parameters,
        "metrics": {series.key: _value(series) for series in run.metrics.all()},
        "status_changes": [{"status": change.status, "at": change.at} for change in run.status_changes.all()],
        "log_files": [{"name": file.name, "size": file.size} for file in run.log_files.all()],
        "model_versions": [
            {
                "id": version.public_id,
                "name": version.registered_model.name,
                "version": version.version,
                "state": version.state,
                "url": reverse("models:version", args=[version.public_id]),
            }
            for version in versions
        ],
    }


def _value(series: MetricSeries) -> dict[str, Any]:
    return {"value": series.last_value, "step": series.last_step, "points": series.point_count}
