"""Predict: choose an endpoint, give it an input, read the answer. Every member of the team may."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts import access
from ops.errors import OpsError
from ops.messages import Explanation, explain
from ops.models import Endpoint
from portal import lists, responses, viewer
from portal.forms.predict import InputForm
from portal.presenters import predict as presenters
from portal.queries import predict as queries
from portal.signed_in import person
from scoring.errors import InputRefused, ScoringError
from scoring.services import predictions


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = lists.narrow(request, queries.list_askable(), queries.FILTERS, queries.SEARCHED)
    parts = viewer.of(request).workspace_parts(request.GET.get("workspace", ""))
    page = lists.page_of(request, found, lists.BY_NAME, parts=parts, complete=queries.with_ready)
    context = responses.context(lists.shown(request, page, queries.FILTERS))
    return responses.page(request, "predict/index.html", context)


@require_safe
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    endpoint = access.predictable(queries.list_askable(), request.user, public_id=public_id)
    context = _context(request, endpoint, _form(endpoint))
    return responses.page(request, "predict/show.html", context)


@responses.posted
def send(request: HttpRequest, public_id: str) -> HttpResponse:
    endpoint = access.predictable(queries.list_askable(), request.user, public_id=public_id)
    form = _form(endpoint, request)
    if not form.is_valid():
        return _answer(request, endpoint, form, 422)
    data, name = form.given()
    try:
        outcome = predictions.create(
            endpoint=endpoint,
            by=person(request),
            data=data,
            file_name=name,
            deployment=form.cleaned_data["deployment"],
        )
    except InputRefused as error:
        form.add_error(form.kind.FIELD, str(explain(error)))
        return _answer(request, endpoint, form, 422)
    except (OpsError, ScoringError) as error:
        return _answer(request, endpoint, form, 409, problem=explain(error))
    return _answer(request, endpoint, form, 200, outcome=outcome)


def _form(endpoint: Endpoint, request: HttpRequest | None = None) -> InputForm:
    """The form for the kind of the deployment that is asked for, else of the one with most traffic."""
    given = (request.POST, request.FILES) if request else ()
    kind = queries.kind_of(queries.version(endpoint, request.POST.get("deployment", "") if request else ""))
    names = [deployment.name for deployment in queries.ready(endpoint)]
    return InputForm(*given, kind=kind, samples=queries.list_samples(endpoint), deployments=names)


def _context(request: HttpRequest, endpoint: Endpoint, form: InputForm) -> dict[str, Any]:
    others = access.visible(queries.list_askable(), request.user)[: lists.ROWS]
    deployment = request.POST.get("deployment", "")
    shown = presenters.page(endpoint, others, form.samples.values(), settings.UPLOAD_IMAGE_BYTES, deployment)
    return responses.context(shown, form=form)


def _answer(
    request: HttpRequest,
    endpoint: Endpoint,
    form: InputForm,
    status: int,
    *,
    outcome: predictions.Outcome | None = None,
    problem: Explanation | None = None,
) -> HttpResponse:
    """The page with the answer or what went wrong; an htmx request gets the answer's part alone."""
    context = _context(request, endpoint, form) | {"outcome": outcome, "problem": problem}
    if outcome:
        context |= {"expected": form.expected()}
    template = "predict/show.html#answer" if getattr(request, "htmx", None) else "predict/show.html"
    return responses.page(request, template, context, status=status)
