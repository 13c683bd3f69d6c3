"""Registered models: the list, one with its versions, a version's page, registering one, its files and samples."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from ops import targets
from ops.errors import Refused
from ops.models import Sample
from ops.services import versions
from portal import idempotency, lists, responses, viewer
from portal.forms.models import RegisterForm
from portal.presenters import models as presenters
from portal.queries import jobs
from portal.queries import models as queries
from portal.signed_in import person

SAMPLE_SECONDS = 24 * 3600


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    me = viewer.of(request)
    found = lists.narrow(request, queries.list_registered_models(), queries.FILTERS, queries.SEARCHED)
    parts = me.workspace_parts(request.GET.get("workspace", ""))
    page = lists.page_of(request, found, queries.NEWEST_FIRST, parts=parts, complete=queries.complete_for_list)
    entries = [presenters.model_row(registered) for registered in page]
    context = responses.context(lists.shown(request, page, queries.FILTERS, entries=entries, may_write=me.may_write))
    return responses.page(request, "models/index.html", context)


@require_safe
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    registered = access.readable(queries.list_registered_models(), request.user, public_id=public_id)
    page = lists.page_of(request, queries.list_versions_of(registered))
    entries = [presenters.row(version) for version in page]
    shown = lists.shown(request, page, entries=entries, may_write=access.may_write(registered, request.user))
    return responses.page(request, "models/detail.html", responses.context(shown, registered=registered))


@require_safe
def version(request: HttpRequest, public_id: str) -> HttpResponse:
    row = access.readable(queries.list_versions(), request.user, public_id=public_id)
    template = responses.part(request, "models/version.html", "live")
    shown = presenters.page(row, access.may_write(row, request.user))
    return responses.page(request, template, responses.context(shown))


@require_http_methods(["GET", "HEAD", "POST"])
@idempotency.once
def register(request: HttpRequest, public_id: str) -> HttpResponse:
    """A version from the run of that id."""
    run = access.writable(jobs.list_runs(), request.user, public_id=public_id)
    spec = run.job_spec
    form = RegisterForm(request.POST or None, initial={"name": spec.makes.registered_name if spec else ""})
    context = {"form": form, "run": run}
    if request.method != "POST":
        return responses.page(request, "models/register.html", context)
    if not form.is_valid():
        return responses.invalid(request, "models/register.html", context)
    try:
        operation = versions.register(run=run, by=person(request), name=form.cleaned_data["name"])
    except Refused as error:
        return responses.rejected(request, "models/register.html", context, form, error)
    return responses.see(request, reverse("models:version", args=[targets.version(operation).public_id]))


@require_safe
def file(request: HttpRequest, public_id: str, path: str) -> HttpResponseBase:
    """One kept file of the version, streamed; always a download, whatever it contains."""
    row = access.readable(queries.list_versions(), request.user, public_id=public_id)
    kept = row.files.filter(path=path).first()
    if kept is None or not kept.file.storage.exists(str(kept.file.name)):
        raise Http404
    name = f"{row.registered_model.name}-{row.version}-{path.rpartition('/')[2]}"
    return FileResponse(
        kept.file.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream"
    )


@require_safe
def sample(request: HttpRequest, public_id: str) -> HttpResponseBase:
    row = access.readable(Sample, request.user, public_id=public_id)
    if not row.file.storage.exists(str(row.file.name)):
        raise Http404
    response = FileResponse(row.file.open("rb"), content_type="image/png")
    response.headers["Cache-Control"] = f"private, max-age={SAMPLE_SECONDS}, immutable"
    return response
