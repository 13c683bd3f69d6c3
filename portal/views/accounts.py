"""Signing in and out, the password, the language, and the first owner of an empty portal."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language

from accounts.models import User
from portal import onboarding, responses
from portal.forms.accounts import PasswordForm, SetupForm, SignInForm


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = _next(request)
    if request.user.is_authenticated:
        return responses.see(request, target)
    form = SignInForm(request, request.POST or None)
    context = {"form": form, "next": target}
    if request.method != "POST":
        return responses.page(request, "accounts/sign_in.html", context)
    if not form.is_valid():
        return responses.invalid(request, "accounts/sign_in.html", context)
    login(request, form.get_user())
    return responses.see(request, target)


def paused(request: HttpRequest, *given: Any, **more: Any) -> HttpResponse:
    """What django-axes answers while a name is paused: the sign-in page with the sentence, whatever the password."""
    form = SignInForm(request, initial={"username": request.POST.get("username", "")})
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {"form": form, "next": _next(request), "paused_minutes": minutes}
    return responses.page(request, "accounts/sign_in.html", context, status=429)


@responses.posted
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return responses.see(request, reverse("accounts:sign_in"))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = PasswordForm(request.user, request.POST or None)
    if request.method != "POST":
        return responses.page(request, "accounts/password.html", {"form": form})
    if not form.is_valid():
        return responses.invalid(request, "accounts/password.html", {"form": form})
    user = form.save(commit=False)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Other browsers are signed out."))
    return responses.see(request, reverse("home:index"))


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    if not onboarding.is_open(token):
        raise Http404
    form = SetupForm(request.POST or None)
    if request.method != "POST":
        return responses.page(request, "accounts/setup.html", {"form": form})
    if not form.is_valid():
        return responses.invalid(request, "accounts/setup.html", {"form": form})
    data = form.cleaned_data
    try:
        user = onboarding.redeem(token, data["username"], data["password"], data["team"])
    except onboarding.LinkIsSpent:
        raise Http404 from None
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return responses.see(request, reverse("home:index"))


@login_not_required
@responses.posted
def language(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen language in a cookie; ``next`` is checked to be ours."""
    response: HttpResponse = set_language(request)
    return response


def _next(request: HttpRequest) -> str:
    """The page asked for before sign-in, if it is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else reverse(settings.LOGIN_REDIRECT_URL)
