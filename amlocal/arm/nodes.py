"""The nodes that clusters have right now: jobs take them, and give them back; idle ones go after a while. In memory
only: after a restart a cluster has its least number and those of the jobs that still run."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field

from amlocal.storage.store import Scope

Key = tuple[str, str]


def key(scope: Scope, name: str) -> Key:
    """What a cluster is known by here: the workspace's key and its name in lower case."""
    return scope.key, name.lower()


@dataclass
class Node:
    """`run` is the job on it, "" when it is idle; `since` is when that began, in seconds since 1970."""

    run: str
    since: float
    id: str = field(default_factory=lambda: f"tvm-{uuid.uuid4().hex[:16]}")


@dataclass(frozen=True)
class Scale:
    least: int
    most: int
    idle_seconds: float


class Nodes:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clusters: dict[Key, list[Node]] = {}
        self._changed_at: dict[Key, float] = {}

    def take(self, cluster: Key, run: str, count: int) -> None:
        """Idle nodes first; the rest is added."""
        now = time.time()
        with self._lock:
            nodes = self._clusters.setdefault(cluster, [])
            for node in [node for node in nodes if not node.run][:count]:
                node.run, node.since = run, now
                count -= 1
            nodes += [Node(run, now) for _ in range(count)]
            self._changed_at[cluster] = now

    def give_back(self, cluster: Key, run: str) -> None:
        now = time.time()
        with self._lock:
            for node in self._clusters.get(cluster, []):
                if node.run == run:
                    node.run, node.since = "", now
            self._changed_at[cluster] = now

    def forget(self, cluster: Key) -> None:
        with self._lock:
            self._clusters.pop(cluster, None)
            self._changed_at.pop(cluster, None)

    def read(self, cluster: Key, scale: Scale) -> tuple[list[Node], float | None]:
        """The nodes after those that were idle too long have gone, and when their number or work last changed."""
        now = time.time()
        with self._lock:
            nodes = self._clusters.setdefault(cluster, [])
            for node in sorted((node for node in nodes if not node.run), key=lambda node: node.since):
                is_spare = len(nodes) > scale.least and node.since + scale.idle_seconds <= now
                if is_spare or len(nodes) > scale.most:
                    nodes.remove(node)
                    self._changed_at[cluster] = max(self._changed_at.get(cluster, 0), node.since + scale.idle_seconds)
            nodes += [Node("", now) for _ in range(scale.least - len(nodes))]
            return [Node(node.run, node.since, node.id) for node in nodes], self._changed_at.get(cluster)
