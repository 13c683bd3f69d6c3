"""Workspaces: the list, registering one, testing the connection, letting one go."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Status
from ninja.decorators import decorate_view

from accounts import access
from ops.services import workspaces as registry
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import placing, wrong_values
from portal.api.paging import Search, page_of
from portal.api.schemas.common import Page, described
from portal.api.schemas.operations import OperationOut, operation_detail, operation_out
from portal.api.schemas.workspaces import (
    CloudOut,
    CredentialOut,
    LocalNames,
    WorkspaceChoices,
    WorkspaceDetail,
    WorkspaceIn,
    WorkspaceOut,
    workspace_detail,
    workspace_out,
)
from portal.forms.workspaces import RegisterForm
from portal.queries import workspaces as queries

router = Router(tags=["workspaces"])
# Where the parts of a new credential stand in the page's form, and in the request.
NEW_CREDENTIAL = {"credential_name": "name", "kind": "kind", "tenant_id": "tenant_id", "client_id": "client_id"}
NEW_CREDENTIAL |= {"secret": "secret"}
PLACES = {field: f"new_credential.{name}" for field, name in NEW_CREDENTIAL.items()}
PLACES |= {"credential": "new_credential"}


class Filters(Search):
    """Which workspaces."""

    state: str = described("registering, ready or failed.", "ready", "", max_length=12)


@router.get("", response=Page[WorkspaceOut], operation_id="workspaces_index", url_name="workspaces_index")
def index(request: HttpRequest, filters: Query[Filters]) -> Page[WorkspaceOut]:
    """List the workspaces of your teams, the newest first."""
    rows = access.visible(queries.list_workspaces(), caller(request))
    return page_of(request, rows, filters, workspace_out, filters={"state": "state"}, search=queries.SEARCHED)


@router.post(
    "",
    response={202: OperationOut},
    operation_id="workspaces_register",
    url_name="workspaces_register",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def register(request: HttpRequest, given: WorkspaceIn) -> Status[OperationOut]:
    """Register a workspace; a worker then looks it up in Azure. ``target`` of the answer is the workspace."""
    if not access.may_write_somewhere(caller(request)):
        raise PermissionDenied
    form = RegisterForm(caller(request), _form_data(given))
    places = PLACES if given.new_credential else {"credential_name": "credential"}
    if not form.is_valid():
        raise wrong_values(form, places)
    with placing(places), transaction.atomic():
        operation = registry.register(**form.identity, by=person(request), credential=form.credential_to_use())
    return Status(202, operation_out(operation))


@router.get("/choices", response=WorkspaceChoices, operation_id="workspaces_choices", url_name="workspaces_choices")
def choices(request: HttpRequest) -> WorkspaceChoices:
    """Read what can be chosen when a workspace is registered: clouds, your teams' credentials, the local one."""
    if not access.may_write_somewhere(caller(request)):
        raise PermissionDenied
    form = RegisterForm(caller(request))
    return WorkspaceChoices(
        clouds=[CloudOut(name=name, label=str(label)) for name, label in form.clouds],
        credentials=[
            CredentialOut(id=row.public_id, name=row.name, kind=row.kind, team=row.team.public_id)
            for row in form.credential_choices.select_related("team")
        ],
        local=LocalNames(**form.local_names) if form.local_names else None,
    )


@router.get(
    "/{slug:workspace_id}", response=WorkspaceDetail, operation_id="workspaces_detail", url_name="workspaces_detail"
)
@decorate_view(conditional_page)
def detail(request: HttpRequest, workspace_id: str) -> WorkspaceDetail:
    """Read one workspace with its computes."""
    workspace = access.readable(queries.list_workspaces(), caller(request), public_id=workspace_id)
    check = queries.last_check(workspace)
    return workspace_detail(
        workspace, list(queries.list_computes(workspace)), operation_detail(check) if check else None
    )


@router.post(
    "/{slug:workspace_id}/test",
    response={202: OperationOut},
    operation_id="workspaces_test",
    url_name="workspaces_test",
)
def test(request: HttpRequest, workspace_id: str) -> Status[OperationOut]:
    """Look the workspace up in Azure again."""
    workspace = access.writable(queries.list_workspaces(), caller(request), public_id=workspace_id)
    return Status(202, operation_out(registry.test(workspace, person(request))))


@router.delete(
    "/{slug:workspace_id}",
    response={204: None},
    operation_id="workspaces_unregister",
    url_name="workspaces_unregister",
)
def unregister(request: HttpRequest, workspace_id: str) -> Status[None]:
    """Let the workspace go. Nothing in Azure is touched."""
    workspace = access.writable(queries.list_workspaces(), caller(request), public_id=workspace_id)
    registry.unregister(workspace, person(request))
    return Status(204, None)


def _form_data(given: WorkspaceIn) -> dict[str, Any]:
    data = given.model_dump(exclude={"new_credential"})
    if given.new_credential:
        data |= {field: getattr(given.new_credential, name) for field, name in NEW_CREDENTIAL.items()}
    return data
