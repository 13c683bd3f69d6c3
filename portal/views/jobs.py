"""Jobs: the list, choosing a recipe, queueing it, one run's page with log and metrics, cancelling and repeating it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from ops import recipes, targets
from ops.errors import Refused
from ops.messages import explained
from ops.models import Operation, Run, Workspace
from ops.services import runs
from portal import badges, lists, responses
from portal.forms.jobs import QueueForm, answers_of
from portal.presenters import jobs as rows
from portal.presenters import operations as operation_rows
from portal.presenters import recipes as recipe_rows
from portal.queries import logs
from portal.queries import metrics as metric_rows
from portal.signed_in import person

FILTERS = {
    "workspace": "workspace__public_id",
    "status": "status",
    "experiment": "experiment",
    "recipe": "spec__source__name",
}
SEARCHED = ("name", "display_name", "experiment")
STATUSES = ("Running", "Queued", "Completed", "Failed", "Canceled")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    shown = rows.of_purpose(request.GET.get("purpose", ""))
    found = lists.narrow(request, access.visible(shown, request.user), FILTERS, SEARCHED)
    page = lists.page_of(request, rows.listed(found))
    context = lists.context(request, page, FILTERS) | {
        "chips": lists.chips(request, "status", [(word, badges.label(word)) for word in STATUSES], _("All")),
        "entries": [(run, run.key_metrics[:1], rows.duration_seconds(run)) for run in page],  # type: ignore[attr-defined]
        "is_live": any(not run.is_final for run in page),
        "may_write": access.may_write_somewhere(request.user),
    }
    template = responses.part(request, "jobs/index.html", "live")
    return responses.page(request, template, context, lambda: lists.as_json(page, rows.outline))


@require_GET
def create(request: HttpRequest) -> HttpResponse:
    """Choose the recipe."""
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    choices = recipes.list_recipes()
    context = {"recipes": choices, "has_workspace": _workspaces(request).exists()}
    return responses.page(
        request, "jobs/create.html", context, lambda: {"recipes": [recipe_rows.outline(recipe) for recipe in choices]}
    )


@require_http_methods(["GET", "POST"])
def queue(request: HttpRequest, recipe: str) -> HttpResponse:
    chosen = recipe_rows.find(recipe)
    if chosen is None:
        raise Http404
    if not access.may_write_somewhere(request.user):
        raise PermissionDenied
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = QueueForm(chosen, _workspaces(request), *given, initial=_initial(request, chosen))
    context = {"recipe": chosen, "form": form}
    template = responses.part(request, "jobs/queue.html", "form")
    if request.method == "GET":
        return responses.page(request, template, context, lambda: recipe_rows.describe(chosen, form))
    if not form.is_valid():
        return responses.invalid(request, template, context, form)
    try:
        operation = runs.submit(**form.asked, by=person(request))
    except Refused as error:
        return responses.rejected(request, template, context, form, error)
    return responses.see(request, reverse("jobs:detail", args=[targets.run(operation).public_id]))


@require_GET
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.readable(rows.every(), request.user, public_id=public_id)
    template = responses.part(request, "jobs/detail.html", "live")
    return responses.page(request, template, _context(request, run), lambda: _facts(run))


@require_POST
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.writable(rows.every(), request.user, public_id=public_id)
    back = reverse("jobs:detail", args=[public_id])
    try:
        runs.cancel(run, person(request))
    except Refused as error:
        return responses.refused(request, error, back)
    return responses.see(request, back)


@require_POST
def retry(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.writable(rows.every(), request.user, public_id=public_id)
    try:
        operation = runs.retry(run, person(request))
    except Refused as error:
        return responses.refused(request, error, reverse("jobs:detail", args=[public_id]))
    return responses.see(request, reverse("jobs:detail", args=[targets.run(operation).public_id]))


@require_GET
def log(request: HttpRequest, public_id: str) -> HttpResponse:
    """The log from ``?offset=`` on, at most 256 KB; without an offset near the end of a large file."""
    run = access.readable(rows.every(), request.user, public_id=public_id)
    chosen = logs.choose(run, request.GET.get("file", ""))
    return JsonResponse(logs.read(run, chosen, _whole(request.GET.get("offset", ""))))


@require_GET
def log_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The whole log file, streamed."""
    run = access.readable(rows.every(), request.user, public_id=public_id)
    chosen = logs.choose(run, request.GET.get("file", ""))
    if chosen is None:
        raise Http404
    response = StreamingHttpResponse(logs.whole(chosen), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{run.public_id}-{logs.plain_name(chosen)}"'
    return response


@require_GET
def metrics(request: HttpRequest, public_id: str) -> HttpResponse:
    run = access.readable(rows.every(), request.user, public_id=public_id)
    return JsonResponse({"series": metric_rows.series(run), "is_final": run.is_final})


def _context(request: HttpRequest, run: Run) -> dict[str, Any]:
    operation, error = rows.last_operation(run), explained(run)
    return {
        "run": run,
        "error": error,
        "error_end": rows.last_line(error.detail) if error else "",
        "operation": operation,
        "operation_error": explained(operation) if operation else None,
        "steps": operation_rows.steps(operation) if operation and not operation.is_final else [],
        "timeline": rows.timeline(run),
        "seconds": rows.duration_seconds(run),
        "series": run.metrics.all(),
        "log_files": run.log_files.all(),
        "input_files": run.input_files.all(),
        "lineage": rows.lineage(run),
        "is_live": not run.is_final or bool(operation and not operation.is_final) or rows.is_registering(run),
        "is_cancelling": rows.is_cancelling(run, operation),
    } | _offers(request, run, operation)


def _offers(request: HttpRequest, run: Run, operation: Operation | None) -> dict[str, bool]:
    """Which buttons the page has; the views behind them ask again."""
    spec, may_write = run.job_spec, access.may_write(run, request.user)
    return {
        "may_write": may_write,
        "may_cancel": may_write and not rows.is_over(run) and not rows.is_cancelling(run, operation),
        "may_retry": may_write and run.is_final and spec is not None,
        "may_clone": may_write and recipe_rows.find(run.recipe) is not None,
        "may_register": may_write and run.is_completed and bool(spec and spec.makes.model_path),
    }


def _facts(run: Run) -> dict[str, Any]:
    operation = rows.last_operation(run)
    return {"run": rows.describe(run), "operation": operation_rows.describe(operation) if operation else None}


def _workspaces(request: HttpRequest) -> Any:
    """Where this person may run a job."""
    ready = Workspace.objects.filter(unregistered_at=None, state=Workspace.State.READY)
    return access.visible(ready, request.user, access.WRITERS).prefetch_related("computes").order_by("name")


def _initial(request: HttpRequest, recipe: recipes.Recipe) -> dict[str, Any]:
    """The answers of the run named by ``?from=``, to queue it again with changes."""
    wanted = request.GET.get("from")
    if not wanted:
        return {}
    run = access.visible(rows.every(), request.user).filter(public_id=wanted, spec__source__name=recipe.name).first()
    return answers_of(run) if run else {}


def _whole(text: str) -> int | None:
    """A number that a database can compare; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
