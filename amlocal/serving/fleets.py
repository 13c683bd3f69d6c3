"""The servers behind all deployments: started, scaled, replaced, watched, found again after a restart. One process is
in servers.py, its files in layouts.py.

When amlocal stops it ends them; when it is killed they go on and the next start adopts them, or starts them anew where
they died.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from amlocal import processes
from amlocal.serving import layouts
from amlocal.serving.layouts import Layout
from amlocal.serving.servers import Instance
from amlocal.storage import materials
from amlocal.storage.store import Record, Scope

if TYPE_CHECKING:
    from amlocal.context import Context

log = logging.getLogger("amlocal.fleets")

WATCH_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30
CRASHED = (
    "User container has crashed or terminated. Please see troubleshooting guide, available here:"
    " https://aka.ms/oe-tsg#error-resourcenotready"
)

NOT_READY = "The server did not answer its probes: initial_delay + period x failure_threshold allow it"


class Broken(Exception):
    """A deployment cannot be served; ARM's code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TooBusy(Exception):
    """More requests than twice what the instances may take at once."""


class TooSlow(Exception):
    """No instance was free, or answered, in time."""


class Pool:
    """The instances of one deployment and who is using them. Thread-safe."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.instances: list[Instance] = []
        self._changed = threading.Condition()
        self._waiting = 0

    def take(self, deadline: float) -> Instance:
        """An instance with room, the least used first; give it back. Raises TooBusy or TooSlow."""
        limit = self.layout.concurrent
        with self._changed:
            used = sum(instance.in_use for instance in self.instances)
            # Documented: 429 beyond 2 x max_concurrent_requests_per_instance x instances.
            if used + self._waiting >= 2 * limit * max(1, len(self.instances)):
                raise TooBusy
            self._waiting += 1
            try:
                while True:
                    free = [instance for instance in self.instances if instance.is_ready and instance.in_use < limit]
                    if free:
                        chosen = min(free, key=lambda instance: (instance.in_use, instance.used_at))
                        chosen.in_use += 1
                        chosen.used_at = time.monotonic()
                        return chosen
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TooSlow
                    self._changed.wait(min(left, WATCH_SECONDS))
            finally:
                self._waiting -= 1

    def give_back(self, instance: Instance) -> None:
        with self._changed:
            instance.in_use -= 1
            self._changed.notify()

    def replace(self, instances: list[Instance]) -> list[Instance]:
        """From now on these serve; those that no longer do."""
        with self._changed:
            gone = [instance for instance in self.instances if instance not in instances]
            self.instances = instances
            self._changed.notify_all()
        return gone


class Fleet:
    """All pools, by the id of the deployment's record."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.settings.home / "serving"
        self._pools: dict[int, Pool] = {}
        self._starting: list[Instance] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Finds or starts the servers of every deployment, in the background: a request for one that is not up yet
        waits."""
        wanted = {record.id: record for record in self._context.store.list("deployments", None, top=100_000).records}
        for record in wanted.values():
            layout = layouts.load(self._layout_folder(record.id, record.body["generation"]))
            if layout is not None:
                pool = self._pools[record.id] = Pool(layout)
                pool.replace([self._instance(layout, place) for place in range(layout.instances)])
        threading.Thread(target=self._take_up, args=(wanted,), name="fleet", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            serving = [instance for pool in self._pools.values() for instance in pool.instances]
            children = [instance.child for instance in (*serving, *self._starting) if instance.child]
        processes.end_all(children)

    def pool(self, record: Record) -> Pool | None:
        with self._lock:
            return self._pools.get(record.id)

    def deploy(self, scope: Scope, record: Record) -> int:
        """Brings the servers to what the record asks; the generation that serves then. Raises Broken, and what served
        before goes on."""
        wanted = layouts.plan(record)
        pool = self.pool(record)
        if pool is not None and pool.layout.serves_the_same(wanted):
            self._scale(pool, wanted)
            return int(record.body["generation"])
        generation = 1 + max((int(folder.name) for folder in self._generations(record.id)), default=0)
        layout = wanted.at(self._layout_folder(record.id, generation))
        try:
            layout = layouts.lay_out(self._context, scope, layout)
        except materials.Missing as exc:
            raise Broken("BadArgument", str(exc)) from exc
        fresh = Pool(layout)
        fresh.replace([self._instance(layout, place) for place in range(layout.instances)])
        self._start_all(fresh.instances, layout)
        with self._lock:
            old = self._pools.get(record.id)
            self._pools[record.id] = fresh
        self._end_pool(old)
        self._clear_generations(record.id, keep=generation)
        return generation

    def remove(self, record: Record) -> None:
        """Ends the servers of a deployment and forgets its files, logs too."""
        with self._lock:
            pool = self._pools.pop(record.id, None)
        self._end_pool(pool)
        self._end_strays(record.id, keep=0)
        shutil.rmtree(self._folder / str(record.id), ignore_errors=True)

    def read_log(self, record: Record, container: str, tail: int) -> str:
        """The newest log of a container, of the last start that was tried."""
        for folder in sorted(self._generations(record.id), key=lambda folder: -int(folder.name)):
            file = folder / "logs" / f"{container}.log"
            if file.exists():
                with file.open("rb") as content:
                    content.seek(max(0, file.stat().st_size - 1_000_000))
                    lines = content.read().decode(errors="replace").splitlines()
                return (
                    "\n".join([f"Instance status:\n{container}: see below\n", *lines[-tail:]]) + "\n" if lines else ""
                )
        return ""

    def _scale(self, pool: Pool, wanted: Layout) -> None:
        layout = pool.layout = pool.layout.changed_to(wanted)
        more = [self._instance(layout, place) for place in range(len(pool.instances), layout.instances)]
        self._start_all(more, layout)
        for instance in pool.replace([*pool.instances, *more][: layout.instances]):
            instance.end()
        layouts.save(layout)

    def _instance(self, layout: Layout, place: int) -> Instance:
        name = "inference-server" if place == 0 else f"inference-server-{place}"
        return Instance(layout.folder / "instances" / str(place), layout.folder / "logs" / f"{name}.log")

    def _start_all(self, instances: list[Instance], layout: Layout) -> None:
        """Starts them together and waits until all answer. Raises Broken when one dies first, and ends the others.

        When amlocal stops meanwhile the thread just ends: the operation is still open and runs again at the next start.
        """
        with self._lock:
            self._starting += instances
        try:
            for instance in instances:
                self._start(instance, layout)
            patience = min(layout.liveness.patience, layout.readiness.patience)
            deadline = time.monotonic() + patience
            while not all(instance.is_ready or instance.probe() for instance in instances):
                if self._stopping.wait(0.1):
                    raise SystemExit
                if not all(instance.is_alive() for instance in instances):
                    raise Broken("ResourceNotReady", CRASHED)
                if time.monotonic() > deadline:
                    raise Broken("ResourceNotReady", f"{NOT_READY} {patience:.0f} seconds.")
        except BaseException:
            for instance in instances:
                instance.end()
            raise
        finally:
            with self._lock:
                self._starting = [instance for instance in self._starting if instance not in instances]

    def _start(self, instance: Instance, layout: Layout) -> None:
        try:
            environment = layouts.environment(self._context, layout)
            instance.start(Path(layout.python), directory=layout.app_folder, environment=environment)
        except OSError as exc:
            raise Broken("BadArgument", f"The scoring server could not be started: {exc}") from exc

    def _take_up(self, wanted: dict[int, Record]) -> None:
        for folder in self._folder.glob("*"):
            number = int(folder.name)
            self._end_strays(number, keep=wanted[number].body["generation"] if number in wanted else 0)
            if number not in wanted:
                shutil.rmtree(folder, ignore_errors=True)
        for pool in list(self._pools.values()):
            for instance in pool.instances:
                if not instance.adopt():
                    self._try_again(instance, pool.layout)
        self._watch()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                for instance in pool.instances:
                    self._look_after(instance, pool.layout)

    def _look_after(self, instance: Instance, layout: Layout) -> None:
        if instance.is_alive():
            self._probe(instance, layout)
            return
        instance.is_ready = False
        if instance.restart_at == 0.0:
            pause = min(LONGEST_PAUSE_SECONDS, 2.0**instance.restarts - 1)
            instance.restart_at = time.monotonic() + pause
            log.warning("a scoring server died (%s); it is started again in %.0f s", instance.folder, pause)
        if time.monotonic() >= instance.restart_at:
            instance.restarts += 1
            self._try_again(instance, layout)

    def _probe(self, instance: Instance, layout: Layout) -> None:
        """A server that is silent for too long gets no more requests, and then is ended: the watch starts it again."""
        was_ready = instance.is_ready
        is_due = time.monotonic() - instance.probed_at >= layout.liveness.period and instance.in_use == 0
        if (is_due or not was_ready) and not instance.probe(layout.readiness.timeout):
            silent = instance.silent_seconds()
            instance.is_ready = was_ready and silent < layout.readiness.period * layout.readiness.failures
            if silent >= layout.liveness.patience:
                log.warning("a scoring server did not answer its liveness probe (%s)", instance.folder)
                instance.end()

    def _try_again(self, instance: Instance, layout: Layout) -> None:
        instance.restart_at = 0.0
        try:
            self._start(instance, layout)
        except Broken as exc:
            log.error("%s", exc.message)

    def _end_pool(self, pool: Pool | None) -> None:
        if pool is not None:
            processes.end_all([instance.child for instance in pool.replace([]) if instance.child])

    def _end_strays(self, number: int, *, keep: int) -> None:
        """Processes of starts that were not finished, or of generations no longer wanted."""
        for folder in self._generations(number):
            if int(folder.name) != keep:
                found = [processes.find(place) for place in folder.glob("instances/*")]
                processes.end_all([child for child in found if child is not None])

    def _clear_generations(self, number: int, *, keep: int) -> None:
        for folder in self._generations(number):
            if int(folder.name) != keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _generations(self, number: int) -> list[Path]:
        return [folder for folder in (self._folder / str(number)).glob("*") if folder.name.isdigit()]

    def _layout_folder(self, number: int, generation: int) -> Path:
        return self._folder / str(number) / str(generation)
