"""Home: what runs, what failed, what next; and /healthz for machines."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal import health as parts
from portal import responses
from portal.presenters import home as overview


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    sight = overview.of(request)
    template = "home/index.html#live" if getattr(request, "htmx", False) else "home/index.html"
    return responses.page(request, template, {"sight": sight}, sight.as_json)


@login_not_required
@never_cache
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """200 when every part is alive, else 503; names parts, never addresses or errors."""
    facts, is_well = parts.report()
    return JsonResponse(facts, status=200 if is_well else 503)
