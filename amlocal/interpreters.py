"""Which Python a job or a scoring server runs with. Today always the given one; building a conda file's environment
belongs here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amlocal.store import Scope

if TYPE_CHECKING:
    from amlocal.context import Context


def for_job(context: Context, scope: Scope, environment_id: str) -> Path:
    """Raises materials.Missing when there is no such interpreter."""
    return Path(context.settings.job_python)


def for_scoring(context: Context, scope: Scope, environment_id: str) -> Path:
    """Raises materials.Missing when there is no such interpreter."""
    return Path(context.settings.scoring_python)
