"""Who is let in at all: every view needs a signed-in person unless it is marked ``login_not_required``.

The API asks for itself: a token is as good as a session there. What a person may do with a row once inside is decided
by ``accounts.access``.
"""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from accounts.models import User
from portal.api import errors
from portal.api.errors import API
from portal.responses import busy

logger = logging.getLogger(__name__)

View = Callable[..., Any]
# Where a person with a one-time password may still go.
OPEN_TO_NEWCOMERS = {"accounts:password", "accounts:sign_out", "accounts:language"}


class SignInRequired(LoginRequiredMiddleware):
    """Strangers go to sign-in; a person with a one-time password goes to the password page first."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if _name(request).startswith("api-v1:"):
            return None
        if isinstance(request.user, User) and request.user.must_change_password:
            if _name(request) in OPEN_TO_NEWCOMERS or not getattr(view_func, "login_required", True):
                return None
            return _send(request, reverse("accounts:password"))
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponse:  # type: ignore[override]
        here = (
            urlsplit(request.headers.get("HX-Current-URL", "")).path if _is_htmx(request) else request.get_full_path()
        )
        return _send(request, f"{reverse('accounts:sign_in')}?{urlencode({'next': here}, safe='/')}")


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _send(request: HttpRequest, url: str) -> HttpResponse:
    """A fragment that polls must not swap a whole sign-in page into itself."""
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if _is_htmx(request) else HttpResponseRedirect(url)


class NothingKept:
    """Lets no cache and no shared computer keep a page behind sign-in; what sets its own rule keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class DatabaseBusy:
    """Answers 503 when another program holds the database's lock for longer than we wait: nothing was saved."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return the answer for a lock that was not given; any other exception is not ours."""
        if not isinstance(exception, OperationalError) or "locked" not in str(exception):
            return None
        logger.warning("database busy: %s %s", request.method, request.path)
        return busy(request)


class ApiResponses:
    """Gives each answer below /api/v1/ the API's own form: an unknown method too, and nothing kept by caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path.startswith(API):
            return response
        if response.status_code == 405:
            allowed = response.headers["Allow"]
            response = errors.plain(405)
            response.headers["Allow"] = allowed
        patch_vary_headers(response, ["Authorization", "Cookie", "Accept-Language"])
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
