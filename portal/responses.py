"""How a view answers: with a page or its live part; and how it says no. JSON is the API's: ``portal.api``."""

import functools
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django_htmx.http import trigger_client_event

from ops.errors import Refused
from ops.messages import explain, of
from portal.api import errors
from portal.api.errors import API
from portal.forms.refusals import RefusableForm

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

View = Callable[..., HttpResponse]


class SeeOther(HttpResponseRedirect):
    """303: after a POST, read the thing's page."""

    status_code = 303


def context(shown: "DataclassInstance", **more: Any) -> dict[str, Any]:
    """Return what a page shows as template variables, each under the name of its field, and ``more`` beside them."""
    return {field.name: getattr(shown, field.name) for field in fields(shown)} | more


def posted(view: View) -> View:
    """Take POST only; who comes by GET, after going back or by a copied address, is sent to the page of the form."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            return view(request, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            return SeeOther(page_of(request))
        return HttpResponseNotAllowed(["POST", "GET", "HEAD"])

    wrapped.is_posted = True  # type: ignore[attr-defined]
    return wrapped


def page_of(request: HttpRequest) -> str:
    """Return the address of the page that a form's address belongs to: the nearest one above it that can be read."""
    path = request.path
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            match = resolve(path)
        except Resolver404:
            continue
        if not getattr(match.func, "is_posted", False):
            return path
    return "/"


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The template; caches keep a page and its live part apart."""
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def part(request: HttpRequest, template: str, partial: str) -> str:
    """The template's name, or its partial's for the htmx request that refreshes just that."""
    return f"{template}#{partial}" if getattr(request, "htmx", None) else template


def invalid(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """422: the same page with the form's errors."""
    return page(request, template, context, status=422)


def see(request: HttpRequest, url: str) -> HttpResponse:
    """After a change: go and read ``url``. An htmx request is told to load it as a whole page."""
    if getattr(request, "htmx", None):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return SeeOther(url)


def refused(request: HttpRequest, error: Exception, back: str) -> HttpResponse:
    """409: the rule's sentence as the fragment of an htmx request; else 303 with a message on the page ``back``."""
    explanation = explain(error)
    if getattr(request, "htmx", None):
        return render(request, "_refusal.html", {"explanation": explanation}, status=409)
    messages.error(request, str(explanation))
    return SeeOther(back)


def busy(request: HttpRequest) -> HttpResponse:
    """503: the database is busy and nothing was saved. An htmx request gets a toast, and the form stays as it is."""
    explanation = of("http:503", {})
    if request.path.startswith(API):
        response = errors.plain(503)
    elif getattr(request, "htmx", None):
        response = HttpResponse(status=503)
        trigger_client_event(response, "portolan:toast", {"sentence": str(explanation), "tone": "bad"})
    else:
        facts = {"status": 503, "title": explanation.title, "sentence": str(explanation), "may_go_back": True}
        response = HttpResponse(render_to_string("errors/plain.html", facts), status=503)
    response.headers["Retry-After"] = "5"
    return response


def rejected(
    request: HttpRequest, template: str, context: dict[str, Any], form: RefusableForm, error: Refused
) -> HttpResponse:
    """The same page with all that was typed: 422 with the sentence beside its field, else 409 above the form."""
    return page(request, template, context, status=422 if form.refuse(error) else 409)
