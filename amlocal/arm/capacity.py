"""What clusters have to give: their nodes, what they are short of, and the signal that either has changed. Who wants
nodes subscribes to it; nothing here knows of jobs."""

from __future__ import annotations

from collections.abc import Callable

from amlocal.arm import nodes
from amlocal.arm.nodes import Key, Nodes
from amlocal.storage.store import Scope


class Capacity:
    """Thread-safe. Subscribe before requests come in; subscribers are called in the thread that makes the change."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self._shortages: dict[Key, str] = {}
        self._when_changed: list[Callable[[], None]] = []
        self._when_removed: list[Callable[[Scope, str], None]] = []

    def subscribe(self, *, changed: Callable[[], None], removed: Callable[[Scope, str], None]) -> None:
        """`changed` is called when there may be more or fewer nodes than before; `removed` with the workspace and name
        of a compute that is being deleted."""
        self._when_changed.append(changed)
        self._when_removed.append(removed)

    def announce_change(self) -> None:
        """A cluster or a quota was changed."""
        for subscriber in self._when_changed:
            subscriber()

    def remove(self, scope: Scope, name: str) -> None:
        """A compute is being deleted: its nodes are gone at once."""
        self.nodes.forget(nodes.key(scope, name))
        for subscriber in self._when_removed:
            subscriber(scope, name)

    def read_shortage(self, cluster: Key) -> str:
        """Why the cluster's next job waits for a quota, in a sentence; "" when none does."""
        return self._shortages.get(cluster, "")

    def note_shortage(self, cluster: Key, reason: str) -> None:
        self._shortages[cluster] = reason

    def clear_shortages(self) -> None:
        self._shortages.clear()
