"""Which Python a job or a scoring server runs with. Today always the given one; building a conda file's environment
belongs here and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from amlocal.http import ArmError
from amlocal.store import Scope

if TYPE_CHECKING:
    from amlocal.context import Context


def check(context: Context, scope: Scope, environment_id: str) -> None:
    """Raises ArmError 400 for an environment of this workspace that is not there; curated ones are taken on trust."""
    found = re.match(r".*/environments/([^/]+)/versions/([^/]+)$", environment_id, re.IGNORECASE)
    if found is None or "/registries/" in environment_id.lower():
        return
    if context.store.get("environments", scope, found[1], found[2]) is None:
        raise ArmError(400, "UserError", f"The environment '{found[1]}:{found[2]}' was not found.")


def for_job(context: Context, scope: Scope, environment_id: str) -> Path:
    """Raises materials.Missing when there is no such interpreter."""
    return Path(context.settings.job_python)


def for_scoring(context: Context, scope: Scope, environment_id: str) -> Path:
    """Raises materials.Missing when there is no such interpreter."""
    return Path(context.settings.scoring_python)
