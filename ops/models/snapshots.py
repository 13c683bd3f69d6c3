"""Code as it was when a run was queued, kept once for each content."""

from django.db import models


class CodeSnapshot(models.Model):
    """A zip of a code folder. ``digest`` is the SHA-256, in hex, of its files' names and bytes."""

    digest = models.CharField(max_length=64, unique=True)
    file = models.FileField(upload_to="code/%Y/%m/")
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]
