"""The flows of this app, by the kind of operation that each carries out. A test demands one for every kind."""

from ops.engine.registry import register
from ops.flows import deletions, deployments, keys, runs, traffic, versions, workspaces
from ops.models import Operation

Kind = Operation.Kind


def register_all() -> None:
    """Tell the engine. Workers do this once, before they take the first message."""
    register(Kind.REGISTER_WORKSPACE, workspaces.LOOK_UP)
    register(Kind.TEST_CONNECTION, workspaces.LOOK_UP)
    register(Kind.SUBMIT_RUN, runs.SUBMIT)
    register(Kind.CANCEL_RUN, runs.CANCEL)
    register(Kind.REGISTER_VERSION, versions.REGISTER)
    register(Kind.DEPLOY, deployments.DEPLOY)
    register(Kind.SHIFT_TRAFFIC, traffic.SHIFT)
    register(Kind.RENEW_KEY, keys.RENEW)
    register(Kind.DELETE_DEPLOYMENT, deletions.DELETE_DEPLOYMENT)
    register(Kind.DELETE_ENDPOINT, deletions.DELETE_ENDPOINT)
