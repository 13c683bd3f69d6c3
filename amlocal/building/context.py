"""What a function of this room may use: the builds of environments, and what the rooms below have."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.arm.context import Context as ArmContext
from amlocal.building.builds import Builds


@dataclass(frozen=True, kw_only=True)
class Context(ArmContext):
    builds: Builds
