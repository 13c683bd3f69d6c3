"""What a handler of this room may use: operations, clusters' capacity, and what the rooms below have."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.arm.capacity import Capacity
from amlocal.arm.operations import Operations
from amlocal.storage.context import Context as StorageContext


@dataclass(frozen=True, kw_only=True)
class Context(StorageContext):
    operations: Operations
    capacity: Capacity
