"""Workspaces: the list, registering one, its page, testing the connection, letting it go."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from ops import targets
from ops.errors import Refused
from ops.models import Workspace
from ops.services import workspaces as registry
from portal import idempotency, lists, responses, viewer
from portal.forms.workspaces import RegisterForm
from portal.presenters import workspaces as presenters
from portal.queries import workspaces as queries
from portal.signed_in import person


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    visible = access.visible(queries.list_workspaces(), request.user)
    found = lists.narrow(request, visible, {"state": "state"}, queries.SEARCHED)
    page = lists.page_of(request, queries.with_compute_count(found))
    shown = lists.shown(
        request,
        page,
        ("state",),
        chips=lists.chips(request, "state", Workspace.State.choices, _("All")),
        may_write=viewer.of(request).may_write,
    )
    context = responses.context(shown)
    return responses.page(request, "workspaces/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@idempotency.once
def register(request: HttpRequest) -> HttpResponse:
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    form = RegisterForm(request.user, request.POST if request.method == "POST" else None, initial=_correcting(request))
    context = {"form": form, "local": form.local_names}
    template = responses.part(request, "workspaces/register.html", "form")
    if request.method != "POST":
        return responses.page(request, template, context)
    if not form.is_valid():
        return responses.invalid(request, template, context)
    try:
        with transaction.atomic():
            operation = registry.register(**form.identity, by=person(request), credential=form.credential_to_use())
    except Refused as error:
        return responses.rejected(request, template, context, form, error)
    return responses.see(request, reverse("workspaces:detail", args=[targets.workspace(operation).public_id]))


@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    workspace = access.readable(queries.list_workspaces(), request.user, public_id=public_id)
    shown = presenters.page(workspace, access.may_write(workspace, request.user))
    template = responses.part(request, "workspaces/detail.html", "live")
    return responses.page(request, template, responses.context(shown))


@responses.posted
def test(request: HttpRequest, public_id: str) -> HttpResponse:
    workspace = access.writable(queries.list_workspaces(), request.user, public_id=public_id)
    back = reverse("workspaces:detail", args=[public_id])
    try:
        registry.test(workspace, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


@responses.posted
def unregister(request: HttpRequest, public_id: str) -> HttpResponse:
    workspace = access.writable(queries.list_workspaces(), request.user, public_id=public_id)
    try:
        registry.unregister(workspace, person(request))
    except Refused as error:
        return responses.refused(request, error, reverse("workspaces:detail", args=[public_id]))
    sentence = _("%(name)s is no longer registered. Nothing in Azure was touched.")
    messages.success(request, sentence % {"name": workspace})
    return responses.see(request, reverse("workspaces:index"))


def _correcting(request: HttpRequest) -> dict[str, Any]:
    """The names of the failed registration that ``?from=`` names, to be typed anew."""
    rows = access.visible(queries.list_workspaces(), request.user, access.Right.WRITE)
    failed = rows.filter(public_id=request.GET.get("from", "")).first()
    if failed is None or not failed.is_correctable:
        return {}
    return {
        "replaces": failed.public_id,
        "team": failed.team.public_id,
        "cloud": failed.cloud,
        "subscription_id": failed.subscription_id,
        "resource_group": failed.resource_group,
        "name": failed.name,
        "credential": failed.credential.public_id,
    }
