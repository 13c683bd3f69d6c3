"""The way from an empty team to a live prediction, as Home shows it: texts and links, no database."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

# name, title, sentence, button, view
STEPS: tuple[tuple[str, Any, Any, Any, str], ...] = (
    (
        "workspace",
        _("Register a workspace"),
        _("Paste its config.json, or use the local Azure ML that runs beside this portal."),
        _("Register workspace"),
        "workspaces:register",
    ),
    (
        "job",
        _("Train a model"),
        _("Choose a recipe and a compute; status, log and metrics follow live."),
        _("Queue a job"),
        "jobs:create",
    ),
    (
        "version",
        _("Keep the result"),
        _("Register the finished job's model as a version, with its metrics."),
        _("Choose a job"),
        "jobs:index",
    ),
    (
        "deploy",
        _("Put it online"),
        _("Deploy the version to an endpoint that answers over HTTPS."),
        _("Choose a version"),
        "models:index",
    ),
    (
        "predict",
        _("Ask it"),
        _("Drop an image and see what the endpoint answers, and how fast."),
        _("Predict"),
        "predict:index",
    ),
)


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    title: Any
    sentence: Any
    action: Any
    url: str
    is_done: bool
    is_next: bool


def steps(done: list[bool]) -> list[Step]:
    """The steps with which are done, in order, and which comes next."""
    upcoming = next((position for position, is_done in enumerate(done) if not is_done), len(done))
    return [
        Step(name, title, sentence, action, _url(view), done[position], position == upcoming)
        for position, (name, title, sentence, action, view) in enumerate(STEPS)
    ]


def _url(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
