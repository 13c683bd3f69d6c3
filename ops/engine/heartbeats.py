"""Stamps who is alive: beat, a queue's workers, the local Azure ML. Readers of the stamps decide what silence means."""

from django.utils import timezone

from ops.engine import clouds
from ops.models import Heartbeat, Workspace

LOCAL_QUEUE = f"cloud.{Workspace.Cloud.LOCAL}"


def stamp(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def stamp_cloud(queue: str) -> None:
    """On the local cloud's queue: ``cloud:local``, if it answers."""
    if queue == LOCAL_QUEUE and clouds.answers():
        stamp("cloud:local")
