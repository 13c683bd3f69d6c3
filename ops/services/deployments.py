"""Puts model versions behind online endpoints, and takes deployments and endpoints away."""

import re

from django.db import transaction

from accounts.models import User
from ops import opening
from ops.errors import InvalidParameter, NameTaken, Refused, WrongState
from ops.models import Deployment, Endpoint, ModelVersion, Operation, Workspace

# azure-limits: a letter first, 3 to 32 letters, digits and single dashes, no dash at the end.
NAME = re.compile(r"(?=.{3,32}$)[a-zA-Z](-?[a-zA-Z0-9])*")
COLOURS = ("blue", "green", "teal", "amber", "coral", "indigo", "olive", "plum")
MOST_DEPLOYMENTS = 20
MOST_INSTANCES = 50
INSTANCE_TYPES = (
    "Standard_DS1_v2",
    "Standard_DS2_v2",
    "Standard_DS3_v2",
    "Standard_F2s_v2",
    "Standard_F4s_v2",
    "Standard_E2s_v3",
    "Standard_NC4as_T4_v3",
)
MOST_TIMEOUT_MS = 180_000


def create(
    *,
    version: ModelVersion,
    by: User,
    endpoint_name: str,
    deployment_name: str = "",
    instance_type: str = INSTANCE_TYPES[2],
    instance_count: int = 1,
    request_timeout_ms: int = 5000,
) -> Operation:
    """A Deployment row behind the endpoint of that name (made when there is none), and the operation that deploys.

    Raises InvalidParameter for a value that breaks Azure's rules, WrongState for a version that is not ready,
    OperationInProgress (who is busy with what), NameTaken for an endpoint that was not made here.
    """
    _check(endpoint_name, deployment_name, instance_type, instance_count, request_timeout_ms)
    if version.state != ModelVersion.State.READY or version.gone_at:
        raise WrongState("deployment:version_not_ready")
    workspace = version.registered_model.workspace
    with transaction.atomic():
        endpoint = _endpoint(workspace, endpoint_name, by)
        taken = set(endpoint.deployments.filter(gone_at=None).values_list("name", flat=True))
        if len(taken) >= MOST_DEPLOYMENTS:
            raise Refused("deployment:too_many", most=MOST_DEPLOYMENTS)
        name = deployment_name or next(colour for colour in _names() if colour not in taken)
        if name in taken:
            raise InvalidParameter("deployment:name_taken", field="deployment_name", name=name)
        if holder := opening.holder_of(endpoint.lock_key):
            raise opening.in_progress("operation:busy", holder)
        deployment = Deployment.objects.create(
            endpoint=endpoint,
            name=name,
            model_version=version,
            instance_type=instance_type,
            instance_count=instance_count,
            request_timeout_ms=request_timeout_ms,
            requested_by=by,
            is_ours=True,
        )
        return opening.open_operation(Operation.Kind.DEPLOY, deployment, by=by)


def delete(deployment: Deployment, by: User) -> Operation:
    """Take one deployment away. Raises Refused while it has traffic and others could take it, OperationInProgress."""
    endpoint = deployment.endpoint
    others = endpoint.deployments.filter(gone_at=None).exclude(pk=deployment.pk)
    if deployment.traffic and others.exists():
        raise Refused("deployment:has_traffic", percent=deployment.traffic)
    with transaction.atomic():
        return opening.open_operation(Operation.Kind.DELETE_DEPLOYMENT, deployment, by=by)


def _endpoint(workspace: Workspace, name: str, by: User) -> Endpoint:
    endpoint = workspace.endpoints.filter(name=name, gone_at=None).first()
    if endpoint is None:
        return Endpoint.objects.create(workspace=workspace, name=name, is_ours=True, requested_by=by)
    if not endpoint.is_ours:
        raise NameTaken("endpoint:not_ours", name=name)
    return endpoint


def _names() -> list[str]:
    return [*COLOURS, *(f"v{number}x" for number in range(1, MOST_DEPLOYMENTS + 2))]


def _check(endpoint_name: str, deployment_name: str, instance_type: str, count: int, timeout_ms: int) -> None:
    if not NAME.fullmatch(endpoint_name):
        raise InvalidParameter("endpoint:bad_name", field="endpoint_name")
    if deployment_name and not NAME.fullmatch(deployment_name):
        raise InvalidParameter("deployment:bad_name", field="deployment_name")
    if not instance_type:
        raise InvalidParameter("deployment:no_instance_type", field="instance_type")
    if not 1 <= count <= MOST_INSTANCES:
        raise InvalidParameter("deployment:bad_count", field="instance_count", most=MOST_INSTANCES)
    if not 1 <= timeout_ms <= MOST_TIMEOUT_MS:
        raise InvalidParameter("deployment:bad_timeout", field="request_timeout_ms", most=MOST_TIMEOUT_MS)
