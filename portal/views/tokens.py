"""API tokens of one's own: the list, making one, revoking one."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import tokens
from portal import idempotency, responses
from portal.forms.tokens import TokenForm
from portal.queries import tokens as queries
from portal.signed_in import person


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _page(request, TokenForm(person(request)))


@never_cache
@responses.posted
@idempotency.once
def create(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself: the secret is shown once and kept nowhere."""
    form = TokenForm(person(request), request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    token, secret = tokens.create(person(request), **form.asked)
    return _page(request, TokenForm(person(request)), made=token.name, secret=secret)


@responses.posted
def revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    token = queries.list_tokens_of(person(request)).filter(public_id=public_id).first()
    if token is None:
        raise Http404
    tokens.revoke(token)
    messages.success(request, _("The token %(name)s is revoked.") % {"name": token})
    return responses.see(request, reverse("tokens:index"))


def _page(request: HttpRequest, form: TokenForm, status: int = 200, **more: str) -> HttpResponse:
    mine = queries.list_tokens_of(person(request))
    return render(request, "tokens/index.html", {"form": form, "tokens": mine} | more, status=status)
