"""Whether the portal's parts are alive, for /healthz and for people who run it."""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from ops.models import Heartbeat

logger = logging.getLogger(__name__)


def report() -> tuple[dict[str, object], bool]:
    """Each part with "ok" or what is wrong, the heartbeats with their age in seconds, and whether all is well."""
    parts = {"database": _check(_ask_database), "broker": _check(_ask_broker)}
    beats = _beats() if parts["database"] == "ok" else {}
    silent = sorted(name for name, age in beats.items() if age is None or age > settings.SILENT_AFTER_SECONDS)
    is_well = not silent and set(parts.values()) == {"ok"}
    return {"status": "ok" if is_well else "degraded", **parts, "heartbeats": beats, "silent": silent}, is_well


def expected() -> list[str]:
    """The heartbeats that a whole portal has."""
    queues = ["queue:portal", *(f"queue:cloud.{cloud}" for cloud in settings.CLOUDS)]
    return ["beat", *queues, *(["cloud:local"] if "local" in settings.CLOUDS else [])]


def _beats() -> dict[str, float | None]:
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    now = timezone.now()
    return {name: round((now - seen[name]) / timedelta(seconds=1), 1) if name in seen else None for name in expected()}


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
