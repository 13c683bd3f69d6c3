"""What Home shows of some workspaces: key figures, what runs, what failed, what comes next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.urls import reverse

from ops.messages import explained
from ops.models import Operation, Run, Workspace
from portal.presenters import onboarding
from portal.queries import home as queries

LINES = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a short list: a thing, its state and when."""

    title: str
    note: str
    url: str
    state: str
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HomePage:
    """What one person sees of the workspaces of their teams, or of the one they chose.

    ``next_step`` names the first step of ``way`` that nobody has taken yet; it is "" when all are done.
    """

    workspaces: list[Workspace]
    may_write: bool
    figures: queries.Figures
    running: list[Line]
    failed: list[Line]
    latest: list[Line]
    way: list[onboarding.Step]
    next_step: str


def page(workspaces: list[Workspace], may_write: bool) -> HomePage:
    """Return the page about these workspaces."""
    figures = queries.count(workspaces)
    way = _way(workspaces, figures)
    return HomePage(
        workspaces=workspaces,
        may_write=may_write,
        figures=figures,
        running=_newest(
            map(_run, queries.list_newest(queries.running_jobs(), workspaces, LINES)),
            map(_operation, queries.list_newest(queries.open_operations(), workspaces, LINES)),
        ),
        failed=_newest(
            map(_run, queries.list_newest(queries.failed_jobs(), workspaces, LINES)),
            map(_operation, queries.list_newest(queries.failed_operations(), workspaces, LINES)),
            [_workspace(row) for row in workspaces if row.state == Workspace.State.FAILED],
        ),
        latest=[_operation(row) for row in queries.list_newest(queries.finished_operations(), workspaces, LINES)],
        way=way,
        next_step=_next(way),
    )


def next_step(workspaces: list[Workspace], figures: queries.Figures) -> str:
    """Return the name of the first step that nobody has taken yet, "" when all are done."""
    return _next(_way(workspaces, figures))


def _next(way: list[onboarding.Step]) -> str:
    return next((step.name for step in way if step.is_next), "")


def _way(workspaces: list[Workspace], figures: queries.Figures) -> list[onboarding.Step]:
    """The five steps from nothing to a live prediction."""
    is_ready = any(row.state == Workspace.State.READY for row in workspaces)
    done = (is_ready, figures.completed, figures.versions, figures.live, figures.predictions)
    return onboarding.steps([bool(fact) for fact in done])


def _newest(*groups: Iterable[Line]) -> list[Line]:
    lines = [line for group in groups for line in group]
    return list(islice(sorted(lines, key=lambda line: line.at, reverse=True), LINES))


def _run(row: Run) -> Line:
    return Line(
        title=str(row),
        note=row.recipe or row.experiment,
        url=reverse("jobs:detail", args=[row.public_id]),
        state=row.status,
        label="",
        at=row.ended_at or row.created_at,
    )


def _operation(row: Operation) -> Line:
    trouble = explained(row)
    return Line(
        title=f"{row.get_kind_display()} · {row.target_name}",
        note=trouble.title if trouble else str(row.requested_by or ""),
        url=reverse("operations:detail", args=[row.public_id]),
        state=row.state,
        label=row.get_state_display(),
        at=row.finished_at or row.created_at,
    )


def _workspace(row: Workspace) -> Line:
    trouble = explained(row)
    return Line(
        title=row.name,
        note=trouble.title if trouble else row.get_cloud_display(),
        url=reverse("workspaces:detail", args=[row.public_id]),
        state=row.state,
        label=row.get_state_display(),
        at=row.checked_at or row.created_at,
    )
