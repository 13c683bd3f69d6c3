"""What every handler gets: settings, storage and the moving parts, built once for a running server."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial

from amlocal import deletion
from amlocal.arm import arm_deployments, quotas
from amlocal.arm.capacity import Capacity
from amlocal.arm.operations import Operations
from amlocal.building.builds import Builds
from amlocal.jobs.runner import Runner
from amlocal.serving import deployments, endpoints
from amlocal.serving.fleets import Fleet
from amlocal.settings import Settings, SettingsError
from amlocal.storage import sweeps
from amlocal.storage.addresses import Addresses
from amlocal.storage.blobs import Blobs
from amlocal.storage.store import Store
from amlocal.web.controls import Controls
from amlocal.web.tokens import Tokens


@dataclass
class Context:
    settings: Settings
    store: Store
    operations: Operations
    blobs: Blobs
    builds: Builds
    tokens: Tokens
    controls: Controls
    capacity: Capacity
    runner: Runner = field(init=False)
    fleet: Fleet = field(init=False)
    stopping: threading.Event = field(init=False, default_factory=threading.Event)

    def start(self) -> None:
        """Go on with what the last process left open. Modules set their workers before this."""
        sweeping = (self.store, self.blobs.folder, self.stopping, time.time())
        self.fleet.start()
        self.runner.start()
        self.operations.start()
        threading.Thread(target=sweeps.keep_clean, args=sweeping, name="sweep", daemon=True).start()

    def stop(self) -> None:
        """Builds, jobs and servers at once: it takes as long as the slowest of them."""
        self.stopping.set()
        self.operations.stop()
        parts = (self.builds.stop, self.runner.stop, self.fleet.stop)
        ending = [threading.Thread(target=stop, name="stop", daemon=True) for stop in parts]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        self.store.close()


def build(settings: Settings) -> Context:
    """Raises SettingsError."""
    if unknown := quotas.find_unknown(settings.quotas):
        sentence = f"AMLOCAL_QUOTAS knows no {unknown[0]!r}: {', '.join(quotas.DEFAULTS)}, or a family of machines."
        raise SettingsError(sentence)
    controls = Controls(settings)
    suffix = "" if settings.is_path_style else settings.storage_suffix
    store = Store(settings.home / "amlocal.db", Addresses(settings.netloc, suffix))
    context = Context(
        settings=settings,
        store=store,
        operations=Operations(store, controls),
        blobs=Blobs(settings.home / "blobs", store),
        builds=Builds(settings.home / "environments"),
        tokens=Tokens(settings),
        controls=controls,
        capacity=Capacity(),
    )
    context.runner, context.fleet = Runner(context), Fleet(context)
    set_workers(context)
    return context


def set_workers(context: Context) -> None:
    """The operations that take real work."""
    workers = context.operations.workers
    workers["arm-deployments", "put"] = partial(arm_deployments.put_worker, context)
    workers["workspaces", "delete"] = partial(deletion.delete_worker, context)
    workers["endpoints", "delete"] = partial(endpoints.delete_worker, context)
    workers["deployments", "put"] = partial(deployments.put_worker, context)
    workers["deployments", "delete"] = partial(deployments.delete_worker, context)
