"""Registered models: the list, their versions, registering one, files and samples."""

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Status
from ninja.decorators import decorate_view

from accounts import access
from ops.models import Sample
from ops.services import versions
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.paging import OfWorkspace, Paging, page_of
from portal.api.schemas.common import Page
from portal.api.schemas.models import (
    ModelOut,
    VersionDetail,
    VersionIn,
    VersionOut,
    model_out,
    version_detail,
    version_out,
)
from portal.api.schemas.operations import OperationOut, operation_detail, operation_out
from portal.queries import jobs
from portal.queries import models as queries

router = Router(tags=["models"])


@router.get("/models", response=Page[ModelOut], operation_id="models_index", url_name="models_index")
def index(request: HttpRequest, filters: Query[OfWorkspace]) -> Page[ModelOut]:
    """List registered models, the newest first, each with its newest version."""
    rows = queries.with_newest(access.visible(queries.list_registered_models(), caller(request)))
    return page_of(request, rows, filters, model_out, filters=queries.FILTERS, search=queries.SEARCHED)


@router.get("/models/{slug:model_id}", response=ModelOut, operation_id="models_detail", url_name="models_detail")
def detail(request: HttpRequest, model_id: str) -> ModelOut:
    """Read one registered model with its newest version."""
    rows = queries.with_newest(queries.list_registered_models())
    return model_out(access.readable(rows, caller(request), public_id=model_id))


@router.get(
    "/models/{slug:model_id}/versions",
    response=Page[VersionOut],
    operation_id="models_versions",
    url_name="models_versions",
)
def list_versions(request: HttpRequest, model_id: str, filters: Query[Paging]) -> Page[VersionOut]:
    """List the versions of a model, the newest first."""
    registered = access.readable(queries.list_registered_models(), caller(request), public_id=model_id)
    return page_of(request, queries.list_versions_of(registered), filters, version_out)


@router.post(
    "/versions",
    response={202: OperationOut},
    operation_id="models_register",
    url_name="models_register",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def register(request: HttpRequest, given: VersionIn) -> Status[OperationOut]:
    """Register a version from a completed job. ``target`` of the answer is the version."""
    run = access.writable(jobs.list_runs(), caller(request), public_id=given.job)
    return Status(202, operation_out(versions.register(run=run, by=person(request), name=given.name)))


@router.get(
    "/versions/{slug:version_id}", response=VersionDetail, operation_id="models_version", url_name="models_version"
)
@decorate_view(conditional_page)
def version(request: HttpRequest, version_id: str) -> VersionDetail:
    """Read one version with its files and samples."""
    row = access.readable(queries.list_versions(), caller(request), public_id=version_id)
    operation = queries.last_operation(row)
    return version_detail(row, operation_detail(operation) if operation else None)


@router.get("/versions/{slug:version_id}/files/{path:path}", operation_id="models_file", url_name="models_file")
def file(request: HttpRequest, version_id: str, path: str) -> FileResponse:
    """Download a file of a version that the portal keeps."""
    row = access.readable(queries.list_versions(), caller(request), public_id=version_id)
    kept = row.files.filter(path=path).first() if "\x00" not in path else None
    if kept is None or not kept.file.storage.exists(str(kept.file.name)):
        raise Http404
    return FileResponse(
        kept.file.open("rb"),
        as_attachment=True,
        filename=path.rpartition("/")[2],
        content_type="application/octet-stream",
    )


@router.get("/samples/{slug:sample_id}", operation_id="models_sample", url_name="models_sample")
def sample(request: HttpRequest, sample_id: str) -> FileResponse:
    """Download a held-back example input."""
    row = access.readable(Sample, caller(request), public_id=sample_id)
    if not row.file.storage.exists(str(row.file.name)):
        raise Http404
    return FileResponse(row.file.open("rb"), content_type="image/png")
