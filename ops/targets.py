"""The rows that an operation acts on, typed and present."""

from typing import TypeVar

from django.db.models import Model

from ops.errors import OpsError
from ops.models import Deployment, Endpoint, ModelVersion, Operation, Run, Workspace

Row = TypeVar("Row", bound=Model)


def workspace(operation: Operation) -> Workspace:
    """Return the workspace the operation works in.

    Raises OpsError("ops:target_gone") when the operation has none or it is no longer there; so do the others.
    """
    if operation.workspace is None:
        raise OpsError("ops:target_gone")
    return operation.workspace


def run(operation: Operation) -> Run:
    """Return the run that is the target, or that the target version was made from."""
    target = operation.target
    found = target.run if isinstance(target, ModelVersion) else target
    return _present(found, Run)


def version(operation: Operation) -> ModelVersion:
    """Return the model version that is the target, or that the target deployment serves."""
    target = operation.target
    return _present(target.model_version if isinstance(target, Deployment) else target, ModelVersion)


def endpoint(operation: Operation) -> Endpoint:
    """Return the endpoint that is the target, or that the target deployment stands behind."""
    target = operation.target
    return _present(target.endpoint if isinstance(target, Deployment) else target, Endpoint)


def deployment(operation: Operation) -> Deployment:
    """Return the deployment that is the target."""
    return _present(operation.target, Deployment)


def _present(row: Model | None, model: type[Row]) -> Row:
    if not isinstance(row, model):
        raise OpsError("ops:target_gone")
    return row
