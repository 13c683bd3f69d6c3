"""Whether the portal's parts are alive, for /healthz and for people who run it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError

from portal.queries import heartbeats

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Each part with "ok" or what is wrong, the heartbeats with their age in seconds, and the silent ones."""

    status: str
    database: str
    broker: str
    heartbeats: dict[str, float | None]
    silent: list[str]

    @property
    def is_well(self) -> bool:
        return self.status == "ok"


def report() -> Report:
    """Ask the database and the broker, and read the heartbeats if there is a database to read."""
    database, broker = _check(_ask_database), _check(_ask_broker)
    ages = heartbeats.ages() if database == "ok" else {}
    silent = sorted(name for name, age in ages.items() if age is None or age > settings.SILENT_AFTER_SECONDS)
    is_well = not silent and database == broker == "ok"
    return Report("ok" if is_well else "degraded", database, broker, ages, silent)


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_broker() -> None:
    with current_app.connection_for_write(connect_timeout=1) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)


def _check(ask: Callable[[], None]) -> str:
    try:
        ask()
    except (DatabaseError, OperationalError, OSError) as error:
        logger.warning("health: %s", error)
        return "unreachable"
    return "ok"
