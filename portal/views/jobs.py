"""Jobs: the list, choosing a recipe, queueing it, one run's page with log and metrics, cancelling and repeating it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from ops import recipes, targets
from ops.errors import Refused
from ops.services import runs
from portal import badges, idempotency, lists, responses, viewer
from portal.forms.jobs import QueueForm, answers_of, usable_workspaces
from portal.presenters import jobs as presenters
from portal.queries import jobs as queries
from portal.queries import logs
from portal.queries import recipes as recipe_queries
from portal.signed_in import person

STATUSES = ("Running", "Queued", "Completed", "Failed", "Canceled")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    me, asked = viewer.of(request), request.GET.get("purpose", "")
    found = lists.narrow(request, queries.list_runs_of_purpose(asked), queries.FILTERS, queries.SEARCHED)
    parts = me.workspace_parts(request.GET.get("workspace", ""))
    page = lists.page_of(request, found, parts=parts, complete=queries.complete_for_list)
    shown = lists.shown(
        request,
        page,
        queries.FILTERS,
        chips=lists.chips(request, "status", [(word, badges.label(word)) for word in STATUSES], _("All")),
        entries=[presenters.row(run) for run in page],
        is_live=any(not run.is_final for run in page),
        may_write=me.may_write,
    )
    template = responses.part(request, "jobs/index.html", "live")
    return responses.page(request, template, responses.context(shown))


@require_safe
def create(request: HttpRequest) -> HttpResponse:
    """Choose the recipe."""
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    choices = recipes.list_recipes()
    context = {"recipes": choices, "has_workspace": usable_workspaces(request.user).exists()}
    return responses.page(request, "jobs/create.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@idempotency.once
def queue(request: HttpRequest, recipe: str) -> HttpResponse:
    chosen = recipe_queries.find(recipe)
    if chosen is None:
        raise Http404
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = QueueForm(chosen, request.user, *given, initial=_initial(request, chosen))
    context = {"recipe": chosen, "form": form}
    template = responses.part(request, "jobs/queue.html", "form")
    if request.method != "POST":
        return responses.page(request, template, context)
    if not form.is_valid():
        return responses.invalid(request, template, context)
    try:
        operation = runs.submit(**form.asked, by=person(request))
    except Refused as error:
        return responses.rejected(request, template, context, form, error)
    return responses.see(request, reverse("jobs:detail", args=[targets.run(operation).public_id]))


@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.readable(queries.list_runs(), request.user, public_id=public_id)
    template = responses.part(request, "jobs/detail.html", "live")
    shown = presenters.page(run, access.may_write(run, request.user))
    return responses.page(request, template, responses.context(shown))


@responses.posted
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.writable(queries.list_runs(), request.user, public_id=public_id)
    back = reverse("jobs:detail", args=[public_id])
    try:
        runs.cancel(run, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


@responses.posted
@idempotency.once
def retry(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.writable(queries.list_runs(), request.user, public_id=public_id)
    try:
        operation = runs.retry(run, person(request))
    except Refused as error:
        return responses.refused(request, error, reverse("jobs:detail", args=[public_id]))
    return responses.see(request, reverse("jobs:detail", args=[targets.run(operation).public_id]))


@require_safe
def log_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The whole log file, streamed."""
    run = access.readable(queries.list_runs(), request.user, public_id=public_id)
    chosen = logs.choose(run, request.GET.get("file", ""))
    if chosen is None:
        raise Http404
    response = StreamingHttpResponse(logs.whole(chosen), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{run.public_id}-{logs.plain_name(chosen)}"'
    return response


def _initial(request: HttpRequest, recipe: recipes.Recipe) -> dict[str, Any]:
    """The answers of the run named by ``?from=``, to queue it again with changes."""
    wanted = request.GET.get("from")
    if not wanted:
        return {}
    run = (
        access.visible(queries.list_runs(), request.user)
        .filter(public_id=wanted, spec__source__name=recipe.name)
        .first()
    )
    return answers_of(run) if run else {}
