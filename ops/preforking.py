"""What a worker does before it forks, so that its processes share one copy of what they load."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from billiard.util import get_pdeathsig
from celery.signals import celeryd_after_setup, worker_before_create_process
from django.db import DatabaseError, connections, transaction

from ops.engine import clouds, heartbeats


@celeryd_after_setup.connect
def preload(instance: Any, **about: Any) -> None:
    """Load what the worker's processes would load one by one: the SDK, and what their first steps bring along.

    Only workers of a cloud import the SDK: it takes 1 to 2 s and 60 MB.
    """
    with _without_collections():
        if any(name.startswith("cloud.") for name in instance.app.amqp.queues.consume_from):
            clouds.preload()
        # Each process begins with a call into the C library, for which billiard loads a parser of C: 4 MB.
        with suppress(OSError):
            get_pdeathsig()
        _stamp_and_take_back()


@worker_before_create_process.connect
def freeze(**about: Any) -> None:
    """Keep the collector away from all that exists: it writes to every object, and the kernel copies written pages."""
    gc.freeze()


def _stamp_and_take_back() -> None:
    """Write to the database once, which compiles 10 MB of Django, and leave no row and no connection behind.

    A database that does not answer is left to the tasks, which report it.
    """
    with suppress(DatabaseError), transaction.atomic():
        heartbeats.stamp("preload")
        transaction.set_rollback(True)
    connections.close_all()


@contextmanager
def _without_collections() -> Iterator[None]:
    """No garbage collection inside the block: imports make no garbage, and looking for it is a third of their time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
