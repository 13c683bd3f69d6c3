"""The API's documentation as a page, and the answer for an address that it does not have."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_safe

from portal.api import errors
from portal.api.v1 import api


@ensure_csrf_cookie
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from files that come with django-ninja; its requests carry the session and the CSRF token."""
    return api.docs.render_page(request, api)


@login_not_required
@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    return errors.plain(404)
