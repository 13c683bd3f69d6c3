"""How a view answers: the page, or the same facts as JSON for a client that prefers it; and how it says no."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from ops.errors import Refused
from ops.messages import explain
from portal.forms.refusals import RefusableForm

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class SeeOther(HttpResponseRedirect):
    """303: after a POST, read the thing's page."""

    status_code = 303


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def context(shown: "DataclassInstance", **more: Any) -> dict[str, Any]:
    """Return what a page shows as template variables, each under the name of its field, and ``more`` beside them."""
    return {field.name: getattr(shown, field.name) for field in fields(shown)} | more


def page(
    request: HttpRequest, template: str, context: dict[str, Any], data: Callable[[], dict[str, Any]], status: int = 200
) -> HttpResponse:
    """The template, or ``data()`` as JSON when the client's Accept prefers it."""
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(data(), status=status)
    else:
        response = render(request, template, context, status=status)
    patch_vary_headers(response, ["Accept", "HX-Request"])
    return response


def part(request: HttpRequest, template: str, partial: str) -> str:
    """The template's name, or its partial's for the htmx request that refreshes just that."""
    return f"{template}#{partial}" if getattr(request, "htmx", None) else template


def invalid(request: HttpRequest, template: str, context: dict[str, Any], form: BaseForm) -> HttpResponse:
    """422: the same page with the form's errors; JSON: {"errors": {field: [sentence, …]}}."""
    return page(request, template, context, lambda: {"errors": form.errors}, status=422)


def see(request: HttpRequest, url: str) -> HttpResponse:
    """After a change: go and read ``url``. An htmx request is told to load it as a whole page."""
    if getattr(request, "htmx", None):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return SeeOther(url)


def refused(request: HttpRequest, error: Exception, back: str) -> HttpResponse:
    """409: the rule's sentence, as JSON, as the fragment of an htmx request, or as a message on the page ``back``."""
    explanation = explain(error)
    if wants_json(request):
        return JsonResponse({"error": explanation.as_json()}, status=409)
    if getattr(request, "htmx", None):
        return render(request, "_refusal.html", {"explanation": explanation}, status=409)
    messages.error(request, str(explanation))
    return SeeOther(back)


def rejected(
    request: HttpRequest, template: str, context: dict[str, Any], form: RefusableForm, error: Refused
) -> HttpResponse:
    """The same page with all that was typed: 422 with the sentence beside its field, else 409 above the form."""
    if form.refuse(error):
        return invalid(request, template, context, form)
    return page(request, template, context, lambda: {"error": explain(error).as_json()}, status=409)
