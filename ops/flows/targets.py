"""The rows an operation is about, typed and present."""

from typing import TypeVar

from ops.errors import OpsError
from ops.models import Deployment, Endpoint, ModelVersion, Operation, Run

Row = TypeVar("Row")


def run(operation: Operation) -> Run:
    """Raises OpsError("ops:subject_gone") when the row is no longer there; so do the others."""
    return _present(operation.run)


def endpoint(operation: Operation) -> Endpoint:
    return _present(operation.endpoint)


def version(operation: Operation) -> ModelVersion:
    return _present(operation.model_version)


def deployment(operation: Operation) -> Deployment:
    """The deployment of ``plan["deployment_pk"]``."""
    rows = Deployment.objects.select_related("endpoint", "model_version__registered_model")
    return _present(rows.filter(pk=operation.plan["deployment_pk"]).first())


def _present(row: Row | None) -> Row:
    if row is None:
        raise OpsError("ops:subject_gone")
    return row
