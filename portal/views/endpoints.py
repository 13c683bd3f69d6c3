"""Endpoints: the list, deploying a version, one endpoint with its deployments, traffic, deletions."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from ops import targets
from ops.errors import Refused
from ops.models import Endpoint, ServingState
from ops.services import deployments
from ops.services import endpoints as services
from ops.services import traffic as shares
from portal import idempotency, lists, responses, viewer
from portal.forms.endpoints import DeleteForm, DeployForm, TrafficForm
from portal.presenters import endpoints as presenters
from portal.queries import endpoints as queries
from portal.signed_in import person

PAGE = "endpoints/detail.html"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    me = viewer.of(request)
    found = lists.narrow(request, queries.list_endpoints(), queries.FILTERS, queries.SEARCHED)
    parts = me.workspace_parts(request.GET.get("workspace", ""))
    page = lists.page_of(request, found, parts=parts, complete=queries.complete_for_list)
    shown = lists.shown(
        request,
        page,
        queries.FILTERS,
        chips=lists.chips(request, "state", ServingState.choices, _("All")),
        entries=[presenters.row(endpoint) for endpoint in page],
        is_live=any(presenters.is_moving(endpoint) for endpoint in page),
        may_write=me.may_write,
    )
    template = responses.part(request, "endpoints/index.html", "live")
    return responses.page(request, template, responses.context(shown))


@require_http_methods(["GET", "HEAD", "POST"])
@idempotency.once
def deploy(request: HttpRequest) -> HttpResponse:
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    form = _deploy_form(request)
    template = responses.part(request, "endpoints/deploy.html", "form")
    context = {"form": form, "instance_types": deployments.INSTANCE_TYPES, "has_version": form.has_version}
    if request.method != "POST":
        return responses.page(request, template, context)
    if not form.is_valid():
        return responses.invalid(request, template, context)
    try:
        operation = deployments.create(**form.asked, by=person(request))
    except Refused as error:
        return responses.rejected(request, template, context, form, error)
    return responses.see(request, reverse("endpoints:detail", args=[targets.endpoint(operation).public_id]))


@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    endpoint = access.readable(queries.list_endpoints(), request.user, public_id=public_id)
    template = responses.part(request, PAGE, "live")
    shown = presenters.page(endpoint, access.may_write(endpoint, request.user))
    return responses.page(request, template, _context(shown))


@responses.posted
def traffic(request: HttpRequest, public_id: str) -> HttpResponse:
    """Split the requests as the form says, or send all of them to the deployment ``all_to``."""
    endpoint = access.writable(queries.list_endpoints(), request.user, public_id=public_id)
    form = TrafficForm(queries.living(endpoint), _shares(request, endpoint))
    context = _context(presenters.page(endpoint, may_write=True), form)
    if not form.is_valid():
        return responses.invalid(request, PAGE, context)
    try:
        shares.shift(endpoint=endpoint, split=form.split, by=person(request))
    except Refused as error:
        return responses.rejected(request, PAGE, context, form, error)
    return responses.see(request, reverse("endpoints:detail", args=[public_id]))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Asks for the typed name, then deletes the endpoint with everything behind it."""
    endpoint = access.writable(queries.list_endpoints(), request.user, public_id=public_id)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    context = {"endpoint": endpoint, "living": queries.living(endpoint), "form": form}
    if request.method != "POST":
        return responses.page(request, "endpoints/delete.html", context)
    if not form.is_valid():
        return responses.invalid(request, "endpoints/delete.html", context)
    try:
        operation = services.delete(endpoint, person(request), form.cleaned_data["typed_name"])
    except Refused as error:
        return responses.rejected(request, "endpoints/delete.html", context, form, error)
    return responses.see(request, reverse("operations:detail", args=[operation.public_id]))


@responses.posted
def delete_deployment(request: HttpRequest, public_id: str, deployment_id: str) -> HttpResponse:
    deployment = access.writable(queries.list_deployments(public_id), request.user, public_id=deployment_id)
    back = reverse("endpoints:detail", args=[public_id])
    try:
        deployments.delete(deployment, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


def _context(shown: presenters.EndpointPage, form: TrafficForm | None = None) -> dict[str, Any]:
    """The page with the form that splits the traffic: an empty one, or the one that was sent."""
    return responses.context(shown, traffic_form=form or TrafficForm([card.deployment for card in shown.living]))


def _deploy_form(request: HttpRequest) -> DeployForm:
    """The form as it was sent, or with what the address names chosen."""
    given = request.POST if request.method == "POST" else None
    chosen = {name: request.GET.get(name, "") for name in ("version", "endpoint")}
    return DeployForm(request.user, given, initial=chosen)


def _shares(request: HttpRequest, endpoint: Endpoint) -> Any:
    """The posted shares; "all to one" written out as shares."""
    if not (wanted := request.POST.get("all_to")):
        return request.POST
    return {
        form_field: 100 if deployment.public_id == wanted else 0
        for form_field, deployment in TrafficForm(queries.living(endpoint)).living.items()
    }
