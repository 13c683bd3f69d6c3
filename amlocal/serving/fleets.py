"""The servers behind all deployments: started, scaled, replaced, watched, found again after a restart. One process is
in servers.py, its files in layouts.py, who calls it in pools.py.

When amlocal stops it ends them; when it is killed they go on and the next start adopts them, or starts them anew where
they died.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from amlocal import processes
from amlocal.building.context import Context
from amlocal.serving import generations, layouts, logs
from amlocal.serving.layouts import Layout
from amlocal.serving.mirrors import Mirrors
from amlocal.serving.pools import Pool
from amlocal.serving.servers import Instance
from amlocal.storage import materials
from amlocal.storage.store import Record, Scope

log = logging.getLogger("amlocal.fleets")

WATCH_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30
CRASHED = (
    "User container has crashed or terminated. Please see troubleshooting guide, available here:"
    " https://aka.ms/oe-tsg#error-resourcenotready"
)
CANCELED = "The deployment was deleted while it was being made."
NOT_READY = "The server did not answer its probes: initial_delay + period x failure_threshold allow it"


class Broken(Exception):
    """A deployment cannot be served; ARM's code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Fleet:
    """All pools, by the id of the deployment's record."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.settings.home / "serving"
        self._pools: dict[int, Pool] = {}
        self._starting: list[Instance] = []
        self._leaving: list[Instance] = []
        self._removed: set[int] = set()
        self._lock = threading.Lock()
        self._spawning = threading.Lock()
        self._is_clean = threading.Event()
        self.mirrors = Mirrors()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Finds or starts the servers of every deployment, in the background: a request for one that is not up yet
        waits."""
        wanted = {record.id: record for record in self._context.store.list("deployments", None, top=100_000).records}
        for record in wanted.values():
            layout = layouts.load(generations.place(self._folder, record.id, record.body["generation"]))
            if layout is not None:
                pool = self._pools[record.id] = Pool(layout)
                pool.replace([self._instance(layout, place) for place in range(layout.instances)])
        threading.Thread(target=self._take_up, args=(wanted,), name="fleet", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        self.mirrors.stop()
        # Whoever spawns looks at `_stopping` inside this lock: nothing starts after it.
        with self._spawning, self._lock:
            serving = [instance for pool in self._pools.values() for instance in pool.instances]
            instances = [*serving, *self._starting, *self._leaving]
        # What an earlier amlocal started may not be taken over yet.
        children = [instance.child or processes.find(instance.folder) for instance in instances]
        processes.end_all([child for child in children if child is not None])

    def pool(self, record: Record) -> Pool | None:
        with self._lock:
            return self._pools.get(record.id)

    def deploy(self, scope: Scope, record: Record) -> None:
        """Brings the servers to what the record asks, and writes down which generation serves. Raises Broken, and what
        served before goes on."""
        # Else what is started here could be taken for what an earlier amlocal left.
        while not self._is_clean.wait(0.1):
            if self._stopping.is_set():
                raise SystemExit
        try:
            self._deploy(scope, record)
        except Exception:
            if record.id not in self._removed:
                raise
            generations.forget(self._folder, record.id)
            raise Broken("OperationCanceled", CANCELED) from None

    def remove(self, record: Record) -> None:
        """Ends the servers of a deployment, also one that is just being made, and forgets its files, logs too."""
        with self._lock:
            self._removed.add(record.id)
            pool = self._pools.pop(record.id, None)
        if pool is not None:
            gone = pool.retire()
            with self._spawning:
                children = [instance.child for instance in gone if instance.child]
            processes.end_all(children)
        generations.forget(self._folder, record.id)

    def read_log(self, record: Record, container: str, tail: int) -> str:
        is_serving = record.body["properties"]["provisioningState"] == "Succeeded"
        return logs.read(generations.newest_first(self._folder, record.id), container, tail, is_serving=is_serving)

    def _deploy(self, scope: Scope, record: Record) -> None:
        wanted = layouts.plan(record)
        pool = self.pool(record)
        if pool is not None and pool.layout.serves_the_same(wanted):
            self._scale(record, pool, wanted)
            return
        generation = generations.following(self._folder, record.id)
        layout = wanted.at(generations.place(self._folder, record.id, generation))
        try:
            layout = layouts.lay_out(self._context, scope, layout)
        except materials.Missing as exc:
            raise Broken("BadArgument", str(exc)) from exc
        fresh = Pool(layout)
        fresh.replace([self._instance(layout, place) for place in range(layout.instances)])
        self._start_all(record, fresh.instances, layout)
        with self._lock:
            self._check_wanted(record)
            self._pools[record.id] = fresh
        generations.note(self._context, scope, record, generation, layout.warnings)
        if pool is not None:
            self._let_go(pool, pool.retire())
        generations.clear(self._folder, record.id, keep=generation)

    def _scale(self, record: Record, pool: Pool, wanted: Layout) -> None:
        layout = pool.layout.changed_to(wanted)
        more = [self._instance(layout, place) for place in range(len(pool.instances), layout.instances)]
        self._start_all(record, more, layout)
        pool.layout = layout
        gone = pool.replace([*pool.instances, *more][: layout.instances])
        layouts.save(layout)
        self._let_go(pool, gone)

    def _let_go(self, pool: Pool, instances: list[Instance]) -> None:
        """Ends servers that get no more calls; those that are in them are answered first."""
        with self._lock:
            self._leaving += instances
        pool.wait_until_unused(instances, self._stopping.is_set)
        with self._spawning:
            children = [instance.child for instance in instances if instance.child]
        processes.end_all(children)
        with self._lock:
            self._leaving = [instance for instance in self._leaving if instance not in instances]

    def _check_wanted(self, record: Record) -> None:
        """Raises Broken for a deployment that was removed while it was being made."""
        if record.id in self._removed:
            raise Broken("OperationCanceled", CANCELED)

    def _instance(self, layout: Layout, place: int) -> Instance:
        name = "inference-server" if place == 0 else f"inference-server-{place}"
        return Instance(layout.folder / "instances" / str(place), layout.folder / "logs" / f"{name}.log")

    def _start_all(self, record: Record, instances: list[Instance], layout: Layout) -> None:
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
                is_alive = all(instance.is_alive() for instance in instances)
                if self._stopping.wait(0.1):
                    raise SystemExit
                self._check_wanted(record)
                if not is_alive:
                    raise Broken("ResourceNotReady", " ".join([CRASHED, *layout.warnings]))
                if time.monotonic() > deadline:
                    raise Broken("ResourceNotReady", f"{NOT_READY} {patience:.0f} seconds.")
        except BaseException:
            processes.end_all([instance.child for instance in instances if instance.child])
            raise
        finally:
            with self._lock:
                self._starting = [instance for instance in self._starting if instance not in instances]

    def _start(self, instance: Instance, layout: Layout, pool: Pool | None = None) -> None:
        """With a pool, only while it is one of it. Raises Broken, and SystemExit when amlocal stops."""
        environment = layouts.environment(self._context, layout)
        with self._spawning:
            if self._stopping.is_set():
                raise SystemExit
            if pool is not None and instance not in pool.instances:
                return
            try:
                instance.start(Path(layout.python), directory=layout.app_folder, environment=environment)
            except OSError as exc:
                raise Broken("BadArgument", f"The scoring server could not be started: {exc}") from exc

    def _take_up(self, wanted: dict[int, Record]) -> None:
        for folder in self._folder.glob("*"):
            number = int(folder.name)
            if number in wanted:
                keep, pool = wanted[number].body["generation"], self._pools.get(number)
                count = pool.layout.instances if pool else 0
                generations.end_strays(self._folder, number, keep=keep, instances=count)
            else:
                generations.forget(self._folder, number)
        self._is_clean.set()
        for pool in list(self._pools.values()):
            for instance in pool.instances:
                if not instance.adopt():
                    self._try_again(instance, pool)
        self._watch()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_SECONDS):
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                for instance in pool.instances:
                    self._look_after(instance, pool)

    def _look_after(self, instance: Instance, pool: Pool) -> None:
        if instance.is_alive():
            self._probe(instance, pool.layout)
            return
        instance.is_ready = False
        if instance.restart_at == 0.0:
            pause = min(LONGEST_PAUSE_SECONDS, 2.0**instance.restarts - 1)
            instance.restart_at = time.monotonic() + pause
            log.warning("a scoring server died (%s); it is started again in %.0f s", instance.folder, pause)
        if time.monotonic() >= instance.restart_at:
            instance.restarts += 1
            self._try_again(instance, pool)

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

    def _try_again(self, instance: Instance, pool: Pool) -> None:
        instance.restart_at = 0.0
        try:
            self._start(instance, pool.layout, pool)
        except Broken as exc:
            log.error("%s", exc.message)
