"""Registered models: the list, one with its versions, a version's page, registering one, its files and samples."""

import json
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from ops import targets
from ops.errors import Refused
from ops.messages import explained
from ops.models import ModelVersion, Sample
from ops.services import versions
from portal import lists, responses
from portal.forms.models import RegisterForm
from portal.presenters import jobs as job_rows
from portal.presenters import models as rows
from portal.presenters import operations as operation_rows
from portal.signed_in import person

FILTERS = {"workspace": "workspace__public_id"}
SAMPLE_SECONDS = 24 * 3600


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    found = lists.narrow(request, access.visible(rows.every(), request.user), FILTERS, ("name", "description"))
    page = lists.page_of(request, rows.listed(found))
    context = lists.context(request, page, FILTERS) | {"may_write": access.may_write_somewhere(request.user)}
    return responses.page(request, "models/index.html", context, lambda: lists.as_json(page, rows.outline))


@require_GET
def detail(request: HttpRequest, public_id: str) -> HttpResponse:
    registered = access.readable(rows.every(), request.user, public_id=public_id)
    page = lists.page_of(request, rows.versions_of(registered))
    context = lists.context(request, page) | {
        "registered": registered,
        "entries": [(version, rows.is_numbered(version)) for version in page],
        "may_write": access.may_write(registered, request.user),
    }
    return responses.page(
        request,
        "models/detail.html",
        context,
        lambda: {"registered_model": rows.outline(registered)} | lists.as_json(page, rows.version_outline),
    )


@require_GET
def version(request: HttpRequest, public_id: str) -> HttpResponse:
    row = access.readable(rows.versions(), request.user, public_id=public_id)
    template = responses.part(request, "models/version.html", "live")
    return responses.page(request, template, _context(request, row), lambda: _facts(row))


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, public_id: str) -> HttpResponse:
    """A version from the run of that id."""
    run = access.writable(job_rows.every(), request.user, public_id=public_id)
    spec = run.job_spec
    form = RegisterForm(request.POST or None, initial={"name": spec.makes.registered_name if spec else ""})
    context = {"form": form, "run": run}
    if request.method == "GET":
        return responses.page(request, "models/register.html", context, lambda: {"name": form["name"].value()})
    if not form.is_valid():
        return responses.invalid(request, "models/register.html", context, form)
    try:
        operation = versions.register(run=run, by=person(request), name=form.cleaned_data["name"])
    except Refused as error:
        return responses.rejected(request, "models/register.html", context, form, error)
    return responses.see(request, reverse("models:version", args=[targets.version(operation).public_id]))


@require_GET
def file(request: HttpRequest, public_id: str, path: str) -> HttpResponseBase:
    """One kept file of the version, streamed; always a download, whatever it contains."""
    row = access.readable(rows.versions(), request.user, public_id=public_id)
    kept = row.files.filter(path=path).first()
    if kept is None or not kept.file.storage.exists(str(kept.file.name)):
        raise Http404
    name = f"{row.registered_model.name}-{row.version}-{path.rpartition('/')[2]}"
    return FileResponse(
        kept.file.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream"
    )


@require_GET
def sample(request: HttpRequest, public_id: str) -> HttpResponseBase:
    row = access.readable(Sample, request.user, public_id=public_id)
    if not row.file.storage.exists(str(row.file.name)):
        raise Http404
    response = FileResponse(row.file.open("rb"), content_type="image/png")
    response.headers["Cache-Control"] = f"private, max-age={SAMPLE_SECONDS}, immutable"
    return response


def _context(request: HttpRequest, row: ModelVersion) -> dict[str, Any]:
    operation = rows.last_operation(row)
    may_write = access.may_write(row, request.user)
    return {
        "version": row,
        "is_numbered": rows.is_numbered(row),
        "operation": operation,
        "error": explained(operation) if operation else None,
        "steps": operation_rows.steps(operation) if operation and not operation.is_final else [],
        "metrics": sorted(row.metrics.items(), key=lambda metric: metric[0] != row.main_metric),
        "path_end": row.path.rpartition("/")[2],
        "spec": rows.spec_facts(row),
        "spec_json": json.dumps(row.spec, indent=2, ensure_ascii=False),
        "files": row.files.all(),
        "samples": row.samples.all(),
        "serving": row.deployments.filter(gone_at=None).select_related("endpoint").order_by("-traffic"),
        "siblings": row.registered_model.versions.filter(gone_at=None).exclude(pk=row.pk)[:6],
        "is_live": bool(operation and not operation.is_final),
        "may_write": may_write,
        "may_deploy": may_write and row.state == ModelVersion.State.READY,
    }


def _facts(row: ModelVersion) -> dict[str, Any]:
    operation = rows.last_operation(row)
    return {
        "model_version": rows.describe(row, operation),
        "operation": operation_rows.describe(operation) if operation else None,
    }
