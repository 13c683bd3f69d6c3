"""Endpoints: the list, deploying a version, one endpoint with its deployments, traffic, deletions."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from ops import targets
from ops.errors import Refused
from ops.messages import explained
from ops.models import Deployment, Endpoint, ModelVersion, Operation, ServingState
from ops.services import deployments
from ops.services import endpoints as services
from ops.services import traffic as shares
from portal import lists, responses
from portal.forms.endpoints import DeleteForm, DeployForm, TrafficForm
from portal.presenters import endpoints as rows
from portal.presenters import models as model_rows
from portal.presenters import operations as operation_rows
from portal.signed_in import person

FILTERS = {"workspace": "workspace__public_id", "state": "state"}
PAGE = "endpoints/detail.html"


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    found = lists.narrow(request, access.visible(rows.every(), request.user), FILTERS, ("name",))
    page = lists.page_of(request, found.order_by("-created_at", "-pk"))
    context = lists.context(request, page, FILTERS) | {
        "chips": lists.chips(request, "state", ServingState.choices, _("All")),
        "entries": [(endpoint, rows.instance_total(endpoint)) for endpoint in page],
        "is_live": any(rows.is_moving(endpoint) for endpoint in page),
        "may_write": access.may_write_somewhere(request.user),
    }
    template = responses.part(request, "endpoints/index.html", "live")
    return responses.page(request, template, context, lambda: lists.as_json(page, rows.outline))


@require_http_methods(["GET", "POST"])
def deploy(request: HttpRequest) -> HttpResponse:
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    form = _deploy_form(request)
    template = responses.part(request, "endpoints/deploy.html", "form")
    context = {"form": form, "instance_types": deployments.INSTANCE_TYPES, "has_version": form.has_version}
    if request.method == "GET":
        return responses.page(request, template, context, lambda: {"instance_types": list(deployments.INSTANCE_TYPES)})
    if not form.is_valid():
        return responses.invalid(request, template, context, form)
    try:
        operation = deployments.create(**form.asked, by=person(request))
    except Refused as error:
        return responses.rejected(request, template, context, form, error)
    return responses.see(request, reverse("endpoints:detail", args=[targets.endpoint(operation).public_id]))


@require_GET
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    endpoint = access.readable(rows.every(), request.user, public_id=public_id)
    template = responses.part(request, PAGE, "live")
    return responses.page(request, template, _context(request, endpoint), lambda: _facts(endpoint))


@require_POST
def traffic(request: HttpRequest, public_id: str) -> HttpResponse:
    """Split the requests as the form says, or send all of them to the deployment ``all_to``."""
    endpoint = access.writable(rows.every(), request.user, public_id=public_id)
    form = TrafficForm(rows.living(endpoint), _shares(request, endpoint))
    context = _context(request, endpoint) | {"traffic_form": form}
    if not form.is_valid():
        return responses.invalid(request, PAGE, context, form)
    try:
        shares.shift(endpoint=endpoint, split=form.split, by=person(request))
    except Refused as error:
        return responses.rejected(request, PAGE, context, form, error)
    return responses.see(request, reverse("endpoints:detail", args=[public_id]))


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Asks for the typed name, then deletes the endpoint with everything behind it."""
    endpoint = access.writable(rows.every(), request.user, public_id=public_id)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    context = {"endpoint": endpoint, "living": rows.living(endpoint), "form": form}
    if request.method == "GET":
        return responses.page(request, "endpoints/delete.html", context, lambda: _facts(endpoint))
    if not form.is_valid():
        return responses.invalid(request, "endpoints/delete.html", context, form)
    try:
        operation = services.delete(endpoint, person(request), form.cleaned_data["typed_name"])
    except Refused as error:
        return responses.rejected(request, "endpoints/delete.html", context, form, error)
    return responses.see(request, reverse("operations:detail", args=[operation.public_id]))


@require_POST
def delete_deployment(request: HttpRequest, public_id: str, deployment_id: str) -> HttpResponse:
    living = Deployment.objects.filter(gone_at=None, endpoint__in=rows.every().filter(public_id=public_id))
    deployment = access.writable(living.select_related("endpoint__workspace"), request.user, public_id=deployment_id)
    back = reverse("endpoints:detail", args=[public_id])
    try:
        deployments.delete(deployment, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


def _context(request: HttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    operation = rows.last_operation(endpoint)
    may_write = access.may_write(endpoint, request.user)
    is_busy = bool(operation and not operation.is_final)
    living = rows.living(endpoint)
    return {
        "endpoint": endpoint,
        "error": explained(endpoint),
        "living": [(deployment, explained(deployment)) for deployment in living],
        "operation": operation,
        # A failed deployment tells the same on its own card, with the server's log.
        "operation_error": explained(operation) if operation and not any(one.error_code for one in living) else None,
        "steps": operation_rows.steps(operation) if operation else [],
        "traffic_form": TrafficForm(living),
        "bars": rows.bars(living),
        "total": sum(deployment.traffic for deployment in living),
        "is_live": is_busy,
        "may_predict": bool(endpoint.scoring_uri) and any(one.state == ServingState.READY for one in living),
        "may_write": may_write,
        "may_change": may_write and not is_busy,
    }


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    operation: Operation | None = rows.last_operation(endpoint)
    return {
        "endpoint": rows.describe(endpoint),
        "operation": operation_rows.describe(operation) if operation else None,
    }


def _deploy_form(request: HttpRequest) -> DeployForm:
    """The form for the versions and endpoints that this person may deploy to."""
    versions = access.visible(model_rows.versions(), request.user, access.WRITERS)
    versions = versions.filter(state=ModelVersion.State.READY, gone_at=None)
    endpoints = access.visible(rows.every(), request.user, access.WRITERS).filter(is_ours=True)
    given = request.POST if request.method == "POST" else None
    chosen = {name: request.GET.get(name, "") for name in ("version", "endpoint")}
    return DeployForm(versions, endpoints, given, initial=chosen)


def _shares(request: HttpRequest, endpoint: Endpoint) -> Any:
    """The posted shares; "all to one" written out as shares."""
    if not (wanted := request.POST.get("all_to")):
        return request.POST
    return {
        form_field: 100 if deployment.public_id == wanted else 0
        for form_field, deployment in TrafficForm(rows.living(endpoint)).living.items()
    }
