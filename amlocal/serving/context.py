"""What a handler of this room may use: the servers of deployments, and what the rooms below have."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.building.context import Context as BuildingContext
from amlocal.serving.fleets import Fleet


@dataclass(frozen=True, kw_only=True)
class Context(BuildingContext):
    fleet: Fleet
