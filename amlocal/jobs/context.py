"""What a handler of this room may use: the runner of jobs, and what the rooms below have."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.building.context import Context as BuildingContext
from amlocal.jobs.runner import Runner


@dataclass(frozen=True, kw_only=True)
class Context(BuildingContext):
    runner: Runner
