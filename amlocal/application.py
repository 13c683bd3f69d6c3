"""The composition root: builds every part of an amlocal, ties them together, starts and stops them."""

from __future__ import annotations

import threading
import time
from functools import partial

from amlocal import deletion
from amlocal.arm import arm_deployments, quotas
from amlocal.arm.capacity import Capacity
from amlocal.arm.operations import Operations
from amlocal.building.builds import Builds
from amlocal.building.context import Context as BuildingContext
from amlocal.context import Context
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


class Application:
    """All parts of one amlocal, in `context`, and the order in which they start and stop."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._stopping = threading.Event()

    def start(self) -> None:
        """Go on with what the last process left open."""
        context = self.context
        sweeping = (context.store, context.blobs.folder, self._stopping, time.time())
        context.fleet.start()
        context.runner.start()
        context.operations.start()
        threading.Thread(target=sweeps.keep_clean, args=sweeping, name="sweep", daemon=True).start()

    def stop(self) -> None:
        """Builds, jobs and servers at once: it takes as long as the slowest of them."""
        context = self.context
        self._stopping.set()
        context.operations.stop()
        parts = (context.builds.stop, context.runner.stop, context.fleet.stop)
        ending = [threading.Thread(target=stop, name="stop", daemon=True) for stop in parts]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        context.store.close()


def build(settings: Settings) -> Application:
    """Raises SettingsError for a quota that there is not, sqlite3.Error for a database that cannot be used."""
    if unknown := quotas.find_unknown(settings.quotas):
        sentence = f"AMLOCAL_QUOTAS knows no {unknown[0]!r}: {', '.join(quotas.DEFAULTS)}, or a family of machines."
        raise SettingsError(sentence)
    controls = Controls(settings)
    suffix = "" if settings.is_path_style else settings.storage_suffix
    store = Store(settings.home / "amlocal.db", Addresses(settings.netloc, suffix))
    lower = BuildingContext(
        settings=settings,
        tokens=Tokens(settings),
        controls=controls,
        store=store,
        blobs=Blobs(settings.home / "blobs", store),
        operations=Operations(store, controls),
        capacity=Capacity(),
        builds=Builds(settings.home / "environments"),
    )
    context = Context(**vars(lower), runner=Runner(lower), fleet=Fleet(lower))
    set_workers(context)
    return Application(context)


def set_workers(context: Context) -> None:
    """The operations that take real work."""
    workers = context.operations.workers
    workers["arm-deployments", "put"] = partial(arm_deployments.put_worker, context)
    workers["workspaces", "delete"] = partial(deletion.delete_worker, context)
    workers["endpoints", "delete"] = partial(endpoints.delete_worker, context)
    workers["deployments", "put"] = partial(deployments.put_worker, context)
    workers["deployments", "delete"] = partial(deployments.delete_worker, context)
