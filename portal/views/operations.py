"""Operations: the list, one with its steps and story, its progress, cancelling and retrying it."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import access
from ops.errors import Refused
from ops.models import Operation
from ops.services import operations
from portal import idempotency, lists, responses, viewer
from portal.presenters import operations as presenters
from portal.queries import operations as queries
from portal.signed_in import person


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    found = lists.narrow(request, queries.list_operations(), queries.FILTERS, queries.SEARCHED)
    parts = viewer.of(request).team_parts(request.GET.get("workspace", ""))
    page = lists.page_of(request, found, parts=parts, complete=queries.complete_for_list)
    queries.read_targets(page)
    shown = lists.shown(
        request,
        page,
        queries.FILTERS,
        chips=lists.chips(request, "state", Operation.State.choices, _("All")),
        entries=[presenters.row(operation) for operation in page],
        is_live=any(not operation.is_final for operation in page),
    )
    template = responses.part(request, "operations/index.html", "live")
    return responses.page(request, template, responses.context(shown))


@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.readable(queries.list_operations(), request.user, public_id=public_id)
    return _page(request, operation, "operations/detail.html")


@require_safe
def progress(request: HttpRequest, public_id: str) -> HttpResponse:
    """The moving part of the page; it asks for itself again until the operation is over."""
    operation = access.readable(queries.list_operations(), request.user, public_id=public_id)
    return _page(request, operation, responses.part(request, "operations/detail.html", "live"))


@responses.posted
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.writable(queries.list_operations(), request.user, public_id=public_id)
    back = reverse("operations:detail", args=[public_id])
    try:
        operations.cancel(operation, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


@responses.posted
@idempotency.once
def retry(request: HttpRequest, public_id: str) -> HttpResponse:
    operation = access.writable(queries.list_operations(), request.user, public_id=public_id)
    try:
        again = operations.retry(operation, person(request))
    except Refused as error:
        return responses.refused(request, error, reverse("operations:detail", args=[public_id]))
    return responses.see(request, reverse("operations:detail", args=[again.public_id]))


def _page(request: HttpRequest, operation: Operation, template: str) -> HttpResponse:
    shown = presenters.page(operation, access.may_write(operation, request.user))
    context = responses.context(shown)
    return responses.page(request, template, context)
