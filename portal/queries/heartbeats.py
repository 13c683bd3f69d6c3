"""When the portal's parts were last heard of."""

from datetime import timedelta

from django.conf import settings
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from ops.models import Heartbeat


def expected() -> list[str]:
    """Return the names of the heartbeats that a whole portal has."""
    queues = ["queue:portal", *(f"queue:cloud.{cloud}" for cloud in settings.CLOUDS)]
    return ["beat", *queues, *(["cloud:local"] if "local" in settings.CLOUDS else [])]


def ages() -> dict[str, float | None]:
    """Return the age in seconds of each expected heartbeat; None for a part that was never heard of."""
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    now = timezone.now()
    return {name: round((now - seen[name]) / timedelta(seconds=1), 1) if name in seen else None for name in expected()}


def alive_count() -> RawSQL:
    """Return an expression: how many expected heartbeats were seen lately; read beside a query that runs anyway.

    The text is the ORM's own: as a subquery it would take three times as long to put together.
    """
    sql, parameters = _alive().filter(name__in=expected()).values("name").query.sql_with_params()
    counted = f"SELECT COUNT(*) FROM ({sql}) AS alive"  # noqa: S608
    return RawSQL(counted, parameters, output_field=IntegerField())  # noqa: S611


def list_silent() -> list[str]:
    """Return the expected heartbeats that have not been seen for SILENT_AFTER_SECONDS."""
    alive = set(_alive().values_list("name", flat=True))
    return [name for name in expected() if name not in alive]


def _alive() -> QuerySet[Heartbeat]:
    since = timezone.now() - timedelta(seconds=settings.SILENT_AFTER_SECONDS)
    return Heartbeat.objects.filter(seen_at__gte=since).order_by()
