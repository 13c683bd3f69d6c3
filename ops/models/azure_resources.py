"""What rows have in common that stand for a thing in Azure ML."""

from django.db import models


class AzureResource(models.Model):
    """A thing in Azure as we last saw it.

    ``arm_id`` is empty until Azure has accepted it; ``is_ours`` marks what was made through this portal; ``seen_at`` is
    when Azure last showed it, ``gone_at`` when it no longer did. A failure is kept as ``error_code`` and
    ``error_params``, which ``ops.messages`` turns into sentences.
    """

    arm_id = models.CharField(max_length=500, blank=True)
    is_ours = models.BooleanField(default=False)
    error_code = models.CharField(max_length=80, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
