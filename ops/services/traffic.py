"""Splits an endpoint's requests among its deployments."""

from collections.abc import Mapping

from django.db import transaction

from accounts.models import User
from ops.errors import InvalidParameter, TrafficNotWhole
from ops.models import Endpoint, Operation, ServingState
from ops.opening import open_operation


def shift(*, endpoint: Endpoint, split: Mapping[str, int], by: User) -> Operation:
    """Send ``split`` ({deployment name: percent}) of the requests; a deployment left out gets 0.

    Azure takes sums of 0 or 100 only; a sum of 0 would answer every request with 404, so the portal asks for 100.
    Raises TrafficNotWhole, InvalidParameter (unknown or unready deployment), OperationInProgress.
    """
    ready = set(endpoint.deployments.filter(gone_at=None, state=ServingState.READY).values_list("name", flat=True))
    for name, percent in split.items():
        if percent and name not in ready:
            raise InvalidParameter("traffic:not_ready", field=name, name=name)
        if not 0 <= percent <= 100:
            raise InvalidParameter("traffic:out_of_range", field=name, name=name)
    if (total := sum(split.values())) != 100:
        raise TrafficNotWhole("traffic:not_whole", total=total)
    whole = {name: split.get(name, 0) for name in sorted(ready | set(split))}
    with transaction.atomic():
        return open_operation(Operation.Kind.SHIFT_TRAFFIC, endpoint, by=by, plan={"split": whole})
