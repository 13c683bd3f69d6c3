"""The history of predictions made through the portal."""

from django.conf import settings
from django.db import models

from accounts.ids import new_public_id
from ops.models import Endpoint


class Prediction(models.Model):
    """One input sent to one endpoint. ``top`` is [[answer, probability or null], …], best first; times in milliseconds.

    ``notes`` is [[code, params], …]: what to know before the answer is believed, such as that the picture is blank.
    ``latency_ms`` is the endpoint's answer as our client saw it, ``portal_ms`` what decoding and encoding added.
    """

    team_path = "endpoint__workspace__team"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="predictions")
    deployment = models.CharField(max_length=32, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=255, blank=True)
    top = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True)
    raw = models.TextField(blank=True)
    latency_ms = models.FloatField(null=True)
    portal_ms = models.FloatField(null=True)
    request_id = models.CharField(max_length=80, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
