"""Training jobs: the list, queueing one, its log and metrics, cancelling and repeating it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from ninja import Form, Query, Router, Schema, Status
from ninja.decorators import decorate_view
from pydantic import ValidationError

from accounts import access
from ops.models import Operation, Run
from ops.services import runs
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import ApiProblem, placing, wrong_types, wrong_values
from portal.api.paging import OfWorkspace, page_of
from portal.api.schemas.common import Page, described
from portal.api.schemas.jobs import JobDetail, JobIn, JobOut, LogPiece, Metrics, job_detail, job_out, metrics_of
from portal.api.schemas.operations import OperationOut, operation_detail, operation_out
from portal.forms.jobs import INPUT, PARAMETER, QueueForm
from portal.queries import jobs as queries
from portal.queries import logs, recipes
from portal.queries import metrics as metric_queries

router = Router(tags=["jobs"])
# One part per input of the recipe; OpenAPI has no other way to say that names follow from the recipe.
UPLOAD_PARTS = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["job"],
                    "properties": {
                        "job": {"type": "string", "description": "The body of POST /jobs, as JSON text."},
                    },
                    "additionalProperties": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "Files, one part each, named input_ and the name of the recipe's input.",
                    },
                },
                "example": {"job": '{"recipe": "mnist-keras", "workspace": "w8n3c5dk2p", "compute": "cpu-cluster"}'},
            }
        },
        "required": True,
    },
}


class Filters(OfWorkspace):
    """Which jobs."""

    status: str = described("Azure's own word, such as Running or Completed.", "Running", "", max_length=40)
    experiment: str = described("Only of this experiment.", "mnist", "", max_length=200)
    recipe: str = described("Only made from this recipe.", "mnist-keras", "", max_length=100)
    purpose: str = described("training (when left out), evaluation or build.", "training", "", max_length=12)


class LogName(Schema):
    """Which log file."""

    file: str = described(
        "Name of the file; the script's own output when left out.", "user_logs/std_log.txt", "", max_length=255
    )


class LogPlace(LogName):
    """Which part of which log file."""

    offset: int | None = described(
        "Byte to begin at; when left out the start, or near the end of a large file.", 0, None, ge=0, le=2**62
    )


@router.get("", response=Page[JobOut], operation_id="jobs_index", url_name="jobs_index")
def index(request: HttpRequest, filters: Query[Filters]) -> Page[JobOut]:
    """List jobs, the newest first, each with its main metric."""
    rows = access.visible(queries.list_runs_of_purpose(filters.purpose), caller(request))
    return page_of(
        request, queries.with_key_metrics(rows), filters, job_out, filters=queries.FILTERS, search=queries.SEARCHED
    )


@router.post(
    "",
    response={202: OperationOut},
    operation_id="jobs_queue",
    url_name="jobs_queue",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def queue(request: HttpRequest, given: JobIn) -> Status[OperationOut]:
    """Queue a job that needs no files. ``target`` of the answer is the job."""
    return Status(202, operation_out(_submit(request, given, MultiValueDict())))


@router.post(
    "/upload",
    response={202: OperationOut},
    operation_id="jobs_queue_with_files",
    url_name="jobs_queue_with_files",
    openapi_extra=idempotency.OPENAPI | UPLOAD_PARTS,
)
@idempotency.once
def queue_with_files(request: HttpRequest, job: Form[str]) -> Status[OperationOut]:
    """Queue a job with files: a multipart form with ``job`` (the body of POST /jobs) and a part for each file."""
    try:
        given = JobIn.model_validate_json(job)
    except ValidationError as error:
        raise wrong_types(error) from None
    return Status(202, operation_out(_submit(request, given, request.FILES)))


@router.get("/{slug:job_id}", response=JobDetail, operation_id="jobs_detail", url_name="jobs_detail")
@decorate_view(conditional_page)
def detail(request: HttpRequest, job_id: str) -> JobDetail:
    """Read one job. Poll this until ``is_final``; ETag and If-None-Match spare the body."""
    run = _readable(request, job_id)
    operation = queries.last_operation(run)
    return job_detail(run, operation_detail(operation) if operation else None)


@router.post("/{slug:job_id}/cancel", response={202: OperationOut}, operation_id="jobs_cancel", url_name="jobs_cancel")
def cancel(request: HttpRequest, job_id: str) -> Status[OperationOut]:
    """Cancel a job; one that Azure has not got yet is never sent."""
    return Status(202, operation_out(runs.cancel(_writable(request, job_id), person(request))))


@router.post(
    "/{slug:job_id}/retry",
    response={202: OperationOut},
    operation_id="jobs_retry",
    url_name="jobs_retry",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def retry(request: HttpRequest, job_id: str) -> Status[OperationOut]:
    """Run the same spec and files once more, as a new job: ``target`` of the answer."""
    return Status(202, operation_out(runs.retry(_writable(request, job_id), person(request))))


@router.get("/{slug:job_id}/log", response=LogPiece, operation_id="jobs_log", url_name="jobs_log")
@decorate_view(conditional_page)
def log(
    request: HttpRequest,
    job_id: str,
    place: Query[LogPlace],
) -> LogPiece:
    """Read a piece of a log, at most 256 KB."""
    run = _readable(request, job_id)
    return LogPiece.from_orm(logs.read(run, logs.choose(run, place.file), place.offset))


@router.get("/{slug:job_id}/log/download", operation_id="jobs_log_file", url_name="jobs_log_file")
def log_file(
    request: HttpRequest,
    job_id: str,
    place: Query[LogName],
) -> StreamingHttpResponse:
    """Download a whole log file as text."""
    chosen = logs.choose(_readable(request, job_id), place.file)
    if chosen is None:
        raise Http404
    return StreamingHttpResponse(logs.whole(chosen), content_type="text/plain; charset=utf-8")


@router.get("/{slug:job_id}/metrics", response=Metrics, operation_id="jobs_metrics", url_name="jobs_metrics")
@decorate_view(conditional_page)
def metrics(request: HttpRequest, job_id: str) -> Metrics:
    """Read the histories of all metrics."""
    run = _readable(request, job_id)
    return metrics_of(run, metric_queries.list_series(run))


def _readable(request: HttpRequest, job_id: str) -> Run:
    return access.readable(queries.list_runs(), caller(request), public_id=job_id)


def _writable(request: HttpRequest, job_id: str) -> Run:
    return access.writable(queries.list_runs(), caller(request), public_id=job_id)


def _submit(request: HttpRequest, given: JobIn, files: MultiValueDict[str, Any]) -> Operation:
    """Queue the job by the rules of the page's form. Raises ApiProblem, PermissionDenied, Refused."""
    if not access.may_write_somewhere(caller(request)):
        raise PermissionDenied
    recipe = recipes.find(given.recipe)
    if recipe is None:
        raise ApiProblem(422, "api:wrong_values", {"recipe": [_("There is no such recipe.")]})
    names = {PARAMETER.format(one.name): f"parameters.{one.name}" for one in recipe.parameters}
    unknown = [f"parameters.{name}" for name in set(given.parameters) - {one.name for one in recipe.parameters}]
    unknown += set(files) - {INPUT.format(one.name) for one in recipe.inputs}
    if unknown:
        not_asked = _("The recipe does not ask for this.")
        raise ApiProblem(422, "api:wrong_values", {place: [not_asked] for place in sorted(unknown)})
    defaults = {PARAMETER.format(one.name): one.default for one in recipe.parameters}
    answers = {PARAMETER.format(name): value for name, value in given.parameters.items()}
    data = defaults | answers | {"compute": f"{given.workspace}/{given.compute}", "display_name": given.display_name}
    form = QueueForm(recipe, caller(request), data, files)
    if not form.is_valid():
        raise wrong_values(form, names | {"compute": "compute" if given.workspace in form.workspaces else "workspace"})
    with placing({one.name: INPUT.format(one.name) for one in recipe.inputs}):
        return runs.submit(**form.asked, by=person(request))
