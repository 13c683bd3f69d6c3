"""Operations: the list, one with its steps and story, its progress, cancelling and retrying it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from ops.errors import Refused
from ops.messages import explained
from ops.models import Operation
from ops.services import operations
from portal import lists, responses
from portal.presenters import operations as rows
from portal.signed_in import person
from portal.target_links import link_of, read_ahead

FILTERS = {"workspace": "workspace__public_id", "state": "state", "kind": "kind"}
SEARCHED = ("target_name", "public_id")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    found = lists.narrow(request, access.visible(rows.every(), request.user), FILTERS, SEARCHED)
    page = lists.page_of(request, found)
    read_ahead(page)
    context = lists.context(request, page, FILTERS) | {
        "chips": lists.chips(request, "state", Operation.State.choices, _("All")),
        "entries": [(operation, link_of(operation)) for operation in page],
        "is_live": any(not operation.is_final for operation in page),
    }
    template = responses.part(request, "operations/index.html", "live")
    return responses.page(request, template, context, lambda: lists.as_json(page, rows.outline))


@require_GET
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.readable(rows.every(), request.user, public_id=public_id)
    return responses.page(request, "operations/detail.html", _context(request, operation), lambda: _facts(operation))


@require_GET
def progress(request: HttpRequest, public_id: str) -> HttpResponse:
    """The moving part of the page; it asks for itself again until the operation is over."""
    operation = access.readable(rows.every(), request.user, public_id=public_id)
    template = responses.part(request, "operations/detail.html", "live")
    return responses.page(request, template, _context(request, operation), lambda: _facts(operation))


@require_POST
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.writable(rows.every(), request.user, public_id=public_id)
    back = reverse("operations:detail", args=[public_id])
    try:
        operations.cancel(operation, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


@require_POST
def retry(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.writable(rows.every(), request.user, public_id=public_id)
    try:
        again = operations.retry(operation, person(request))
    except Refused as error:
        return responses.refused(request, error, reverse("operations:detail", args=[public_id]))
    return responses.see(request, reverse("operations:detail", args=[again.public_id]))


def _context(request: HttpRequest, operation: Operation) -> dict[str, Any]:
    label, url = link_of(operation)
    return {
        "operation": operation,
        "error": explained(operation),
        "steps": rows.steps(operation),
        "story": rows.story(operation),
        "target_label": label,
        "target_url": url,
        "seconds": rows.duration_seconds(operation),
        "is_live": not operation.is_final,
        "may_write": access.may_write(operation, request.user),
        "may_retry": operation.is_final and operation.state != Operation.State.SUCCEEDED,
    }


def _facts(operation: Operation) -> dict[str, Any]:
    return {"operation": rows.describe(operation)}
