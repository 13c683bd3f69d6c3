"""Where a row belongs: its team, and its workspace if it has one, found along the ``team_path`` of its class."""

from django.db.models import Model

from accounts.models import Team
from ops.models.workspaces import Workspace


def team_of(row: Model) -> Team:
    """Return the team that owns the row."""
    owner = row if isinstance(row, Team) else _along(row)[-1]
    assert isinstance(owner, Team), f"{type(row).__name__} does not lead to a team"
    return owner


def workspace_of(row: Model) -> Workspace | None:
    """Return the workspace that the row lies in; None for what belongs to the team itself."""
    return next((each for each in [row, *_along(row)] if isinstance(each, Workspace)), None)


def _along(row: Model) -> list[Model]:
    """Return what is met on the way from the row to its team."""
    met: list[Model] = []
    for name in str(getattr(row, "team_path", "")).split("__"):
        if name:
            row = getattr(row, name)
            met.append(row)
    return met
