"""Which flow carries out which kind of operation. A test demands one for every kind."""

from ops.flows import deletions, deployments, keys, runs, traffic, versions, workspaces
from ops.flows.steps import Flow
from ops.models import Operation

Kind = Operation.Kind
FLOWS: dict[str, Flow] = {
    Kind.REGISTER_WORKSPACE: workspaces.LOOK_UP,
    Kind.TEST_CONNECTION: workspaces.LOOK_UP,
    Kind.SUBMIT_RUN: runs.SUBMIT,
    Kind.CANCEL_RUN: runs.CANCEL,
    Kind.REGISTER_VERSION: versions.REGISTER,
    Kind.DEPLOY: deployments.DEPLOY,
    Kind.SHIFT_TRAFFIC: traffic.SHIFT,
    Kind.RENEW_KEY: keys.RENEW,
    Kind.DELETE_DEPLOYMENT: deletions.DELETE_DEPLOYMENT,
    Kind.DELETE_ENDPOINT: deletions.DELETE_ENDPOINT,
}
