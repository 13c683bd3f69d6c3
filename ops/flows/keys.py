"""Fetches an endpoint's scoring key again, or for the first time."""

from ops import targets
from ops.azure.connections import Connection
from ops.engine.steps import Flow, Next, Step
from ops.models import Operation
from ops.recording import keys


def fetch_key(operation: Operation, azure: Connection) -> Next:
    keys.fetch(targets.endpoint(operation), azure)
    return Next()


RENEW = Flow(steps=(Step(fetch_key),))
