"""Fetches an endpoint's primary scoring key and keeps it encrypted."""

from django.utils import timezone

from ops import targets, vault
from ops.azure import endpoints
from ops.azure.connections import Connection
from ops.flows.steps import Flow, Next, Step
from ops.models import Endpoint, Operation

KEY = "key"


def fetch_key(operation: Operation, azure: Connection) -> Next:
    fetch(targets.endpoint(operation), azure)
    return Next()


def fetch(row: Endpoint, azure: Connection) -> None:
    """An endpoint that takes tokens instead of keys has none to keep."""
    fresh = Endpoint.objects.get(pk=row.pk)
    if fresh.auth_mode == KEY:
        secret = vault.encrypt(endpoints.key(azure, fresh.name))
        Endpoint.objects.filter(pk=row.pk, gone_at=None).update(key_encrypted=secret, key_fetched_at=timezone.now())


RENEW = Flow(steps=(Step(fetch_key),))
