"""Operations: what workers are doing and have done."""

from django.http import HttpRequest
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Status
from ninja.decorators import decorate_view

from accounts import access
from ops.services import operations
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.paging import OfWorkspace, page_of
from portal.api.schemas.common import Page, described
from portal.api.schemas.operations import OperationDetail, OperationOut, operation_detail, operation_out
from portal.queries import operations as queries

router = Router(tags=["operations"])


class Filters(OfWorkspace):
    """Which operations."""

    state: str = described("queued, running, succeeded, failed, cancelled or lost_track.", "running", "", max_length=20)
    kind: str = described("Such as submit_run or deploy.", "deploy", "", max_length=30)


@router.get("", response=Page[OperationOut], operation_id="operations_index", url_name="operations_index")
def index(request: HttpRequest, filters: Query[Filters]) -> Page[OperationOut]:
    """List operations, the newest first."""
    rows = access.visible(queries.list_operations(), caller(request))
    return page_of(
        request,
        rows,
        filters,
        operation_out,
        filters=queries.FILTERS,
        search=queries.SEARCHED,
        before=queries.read_targets,
    )


@router.get(
    "/{slug:operation_id}",
    response=OperationDetail,
    operation_id="operations_detail",
    url_name="operations_detail",
)
@decorate_view(conditional_page)
def detail(request: HttpRequest, operation_id: str) -> OperationDetail:
    """Read one operation with its steps. Poll this until ``is_final``; ETag and If-None-Match spare the body."""
    return operation_detail(access.readable(queries.list_operations(), caller(request), public_id=operation_id))


@router.post(
    "/{slug:operation_id}/cancel",
    response={202: OperationOut},
    operation_id="operations_cancel",
    url_name="operations_cancel",
)
def cancel(request: HttpRequest, operation_id: str) -> Status[OperationOut]:
    """Ask an operation to stop at its next step; asked again, it changes nothing."""
    operation = access.writable(queries.list_operations(), caller(request), public_id=operation_id)
    return Status(202, operation_out(operations.cancel(operation, person(request))))


@router.post(
    "/{slug:operation_id}/retry",
    response={202: OperationOut},
    operation_id="operations_retry",
    url_name="operations_retry",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def retry(request: HttpRequest, operation_id: str) -> Status[OperationOut]:
    """Open an operation that ended badly once more, with the same plan."""
    operation = access.writable(queries.list_operations(), caller(request), public_id=operation_id)
    return Status(202, operation_out(operations.retry(operation, person(request))))
