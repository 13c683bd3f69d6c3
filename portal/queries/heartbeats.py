"""When the portal's parts were last heard of."""

from datetime import timedelta

from django.conf import settings
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


def list_silent() -> list[str]:
    """Return the expected heartbeats that have not been seen for SILENT_AFTER_SECONDS."""
    since = timezone.now() - timedelta(seconds=settings.SILENT_AFTER_SECONDS)
    alive = set(Heartbeat.objects.filter(seen_at__gte=since).values_list("name", flat=True))
    return [name for name in expected() if name not in alive]
