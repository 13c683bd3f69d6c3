"""Renews an endpoint's scoring key and deletes endpoints. Deployments behind them: ``ops.services.deployments``."""

from django.db import transaction

from accounts.models import User
from ops.errors import InvalidParameter, OperationInProgress
from ops.models import Endpoint, Operation
from ops.opening import open_operation


def delete(endpoint: Endpoint, by: User, typed_name: str) -> Operation:
    """Delete the endpoint and everything behind it in Azure.

    Raises InvalidParameter for another name, OperationInProgress while another operation is open on it.
    """
    if typed_name.strip() != endpoint.name:
        raise InvalidParameter("endpoint:typed_name_differs", field="typed_name", name=endpoint.name)
    with transaction.atomic():
        return open_operation(Operation.Kind.DELETE_ENDPOINT, endpoint, by=by)


def renew_key(endpoint: Endpoint) -> Operation | None:
    """Have a worker fetch the scoring key again; None when that is already under way."""
    try:
        with transaction.atomic():
            return open_operation(Operation.Kind.RENEW_KEY, endpoint, by=None, lock_key=endpoint.key_lock_key)
    except OperationInProgress:
        return None
