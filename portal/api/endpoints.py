"""Endpoints: the list, deploying a version, traffic, deletions."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Schema, Status
from ninja.decorators import decorate_view

from accounts import access
from ops import targets
from ops.errors import TrafficNotWhole
from ops.messages import explain
from ops.models import Endpoint
from ops.services import deployments, traffic
from ops.services import endpoints as services
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import ApiProblem, placing, wrong_values
from portal.api.paging import OfWorkspace, page_of
from portal.api.schemas.common import Page, described
from portal.api.schemas.endpoints import (
    DeployAccepted,
    DeploymentIn,
    EndpointDetail,
    EndpointOut,
    TrafficIn,
    deploy_accepted,
    endpoint_detail,
    endpoint_out,
)
from portal.api.schemas.operations import OperationOut, operation_detail, operation_out
from portal.forms.endpoints import DeployForm
from portal.queries import endpoints as queries

router = Router(tags=["endpoints"])


class Filters(OfWorkspace):
    """Which endpoints."""

    state: str = described("creating, ready, updating, deleting or failed.", "ready", "", max_length=10)


class Confirmation(Schema):
    """The name of what is to be deleted, written once more."""

    confirm: str = described("The endpoint's name, so that no wrong one is deleted.", "digits", max_length=64)


@router.get("", response=Page[EndpointOut], operation_id="endpoints_index", url_name="endpoints_index")
def index(request: HttpRequest, filters: Query[Filters]) -> Page[EndpointOut]:
    """List endpoints, the newest first."""
    rows = access.visible(queries.list_endpoints(), caller(request))
    return page_of(request, rows, filters, endpoint_out, filters=queries.FILTERS, search=queries.SEARCHED)


@router.post(
    "/deploy",
    response={202: DeployAccepted},
    operation_id="endpoints_deploy",
    url_name="endpoints_deploy",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def deploy(request: HttpRequest, given: DeploymentIn) -> Status[DeployAccepted]:
    """Deploy a version to an endpoint, which is made when it is new. ``target`` of the answer is the deployment."""
    if not access.may_write_somewhere(caller(request)):
        raise PermissionDenied
    form = DeployForm(caller(request), given.model_dump())
    if not form.is_valid():
        raise wrong_values(form)
    operation = deployments.create(**form.asked, by=person(request))
    return Status(202, deploy_accepted(operation, targets.deployment(operation)))


@router.get(
    "/{slug:endpoint_id}", response=EndpointDetail, operation_id="endpoints_detail", url_name="endpoints_detail"
)
@decorate_view(conditional_page)
def detail(request: HttpRequest, endpoint_id: str) -> EndpointDetail:
    """Read one endpoint with its deployments. ETag and If-None-Match spare the body."""
    endpoint = access.readable(queries.list_endpoints(), caller(request), public_id=endpoint_id)
    operation = queries.last_operation(endpoint)
    return endpoint_detail(endpoint, operation_detail(operation) if operation else None)


@router.put(
    "/{slug:endpoint_id}/traffic",
    response={202: OperationOut},
    operation_id="endpoints_traffic",
    url_name="endpoints_traffic",
)
def split(request: HttpRequest, endpoint_id: str, given: TrafficIn) -> Status[OperationOut]:
    """Split the endpoint's requests among its deployments."""
    endpoint = _writable(request, endpoint_id)
    if unknown := set(given.split) - {deployment.name for deployment in queries.living(endpoint)}:
        sentence = _("The endpoint has no deployment of that name.")
        raise ApiProblem(422, "api:wrong_values", {f"split.{name}": [sentence] for name in sorted(unknown)})
    try:
        with placing({name: f"split.{name}" for name in given.split}):
            operation = traffic.shift(endpoint=endpoint, split=given.split, by=person(request))
    except TrafficNotWhole as error:
        raise ApiProblem(422, error.code, {"split": [str(explain(error))]}, **error.params) from error
    return Status(202, operation_out(operation))


@router.delete(
    "/{slug:endpoint_id}",
    response={202: OperationOut},
    operation_id="endpoints_delete",
    url_name="endpoints_delete",
)
def delete(
    request: HttpRequest,
    endpoint_id: str,
    given: Query[Confirmation],
) -> Status[OperationOut]:
    """Delete an endpoint with everything behind it."""
    endpoint = _writable(request, endpoint_id)
    with placing({"typed_name": "confirm"}):
        return Status(202, operation_out(services.delete(endpoint, person(request), given.confirm)))


@router.delete(
    "/{slug:endpoint_id}/deployments/{slug:deployment_id}",
    response={202: OperationOut},
    operation_id="endpoints_delete_deployment",
    url_name="endpoints_delete_deployment",
)
def delete_deployment(request: HttpRequest, endpoint_id: str, deployment_id: str) -> Status[OperationOut]:
    """Delete a deployment that gets no traffic."""
    rows = queries.list_deployments(endpoint_id)
    deployment = access.writable(rows, caller(request), public_id=deployment_id)
    return Status(202, operation_out(deployments.delete(deployment, person(request))))


def _writable(request: HttpRequest, endpoint_id: str) -> Endpoint:
    return access.writable(queries.list_endpoints(), caller(request), public_id=endpoint_id)
