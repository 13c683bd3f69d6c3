"""Home: what runs, what failed, what next; and /healthz for machines."""

from dataclasses import asdict

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import access
from ops.models import Workspace
from portal import health as parts
from portal import responses, viewer
from portal.presenters import home as presenters


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    workspaces = access.visible(Workspace, request.user).filter(unregistered_at=None)
    if chosen := request.GET.get("workspace"):
        workspaces = workspaces.filter(public_id=chosen)
    sight = presenters.page(list(workspaces), viewer.of(request).may_write)
    template = responses.part(request, "home/index.html", "live")
    return responses.page(request, template, {"sight": sight})


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 when every part is alive, else 503; names parts, never addresses or errors."""
    report = parts.report()
    return JsonResponse(asdict(report), status=200 if report.is_well else 503)
