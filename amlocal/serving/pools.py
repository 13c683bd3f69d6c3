"""The instances of one deployment and who is using them: how many calls at once, who waits, who is turned away. Which
instances there are is decided in fleets.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from amlocal.serving.layouts import Layout
from amlocal.serving.servers import Instance

WAIT_SECONDS = 0.5


class TooBusy(Exception):
    """More requests than twice what the instances may take at once."""


class TooSlow(Exception):
    """No instance was free, or answered, in time."""


class Retired(Exception):
    """Others serve the deployment by now, or none."""


class Pool:
    """Thread-safe."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.instances: list[Instance] = []
        self._changed = threading.Condition()
        self._waiting = 0
        self._is_retired = False

    def take(self, deadline: float) -> Instance:
        """An instance with room, the least used first; give it back. Raises TooBusy, TooSlow or Retired."""
        limit = self.layout.concurrent
        with self._changed:
            used = sum(instance.in_use for instance in self.instances)
            # Documented: 429 beyond 2 x max_concurrent_requests_per_instance x instances.
            if not self._is_retired and used + self._waiting >= 2 * limit * max(1, len(self.instances)):
                raise TooBusy
            self._waiting += 1
            try:
                while True:
                    if self._is_retired:
                        raise Retired
                    free = [instance for instance in self.instances if instance.is_ready and instance.in_use < limit]
                    if free:
                        chosen = min(free, key=lambda instance: (instance.in_use, instance.used_at))
                        chosen.in_use += 1
                        chosen.used_at = time.monotonic()
                        return chosen
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TooSlow
                    self._changed.wait(min(left, WAIT_SECONDS))
            finally:
                self._waiting -= 1

    def give_back(self, instance: Instance) -> None:
        with self._changed:
            instance.in_use -= 1
            self._changed.notify_all()

    def replace(self, instances: list[Instance]) -> list[Instance]:
        """From now on these serve; those that no longer do, perhaps with calls still in them."""
        with self._changed:
            gone = [instance for instance in self.instances if instance not in instances]
            self.instances = instances
            self._changed.notify_all()
        return gone

    def retire(self) -> list[Instance]:
        """Takes no more calls; its instances, perhaps with calls still in them."""
        with self._changed:
            self._is_retired = True
        return self.replace([])

    def wait_until_unused(self, instances: list[Instance], is_stopping: Callable[[], bool]) -> None:
        """Until the calls in them have their answers, or had their time, or amlocal stops."""
        deadline = time.monotonic() + self.layout.timeout_seconds
        with self._changed:
            while any(instance.in_use for instance in instances):
                left = deadline - time.monotonic()
                if left <= 0 or is_stopping():
                    return
                self._changed.wait(min(left, WAIT_SECONDS))
