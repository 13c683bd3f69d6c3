"""When the parts of the portal were last alive."""

from django.db import models


class Heartbeat(models.Model):
    """When a part was last alive: ``beat``, ``queue:<name>`` for that queue's workers, ``cloud:local`` for amlocal."""

    name = models.CharField(max_length=80, unique=True)
    seen_at = models.DateTimeField()
