"""Fetches an endpoint's primary scoring key and keeps it encrypted on its row."""

from django.utils import timezone

from ops import vault
from ops.azure import endpoints
from ops.azure.connections import Connection
from ops.models import Endpoint

KEY = "key"
"""The auth mode of endpoints that have keys."""


def fetch(row: Endpoint, azure: Connection) -> None:
    """Read the key from Azure. An endpoint that takes tokens instead has none to keep."""
    fresh = Endpoint.objects.get(pk=row.pk)
    if fresh.auth_mode == KEY:
        secret = vault.encrypt(endpoints.key(azure, fresh.name))
        Endpoint.objects.filter(pk=row.pk, gone_at=None).update(key_encrypted=secret, key_fetched_at=timezone.now())
