"""Home: the key figures."""

from dataclasses import asdict

from django.http import HttpRequest
from ninja import Query, Router, Schema

from accounts import access
from ops.models import Workspace
from portal.api.authentication import caller
from portal.api.schemas.common import described
from portal.api.schemas.home import HomeOut
from portal.presenters import home as presenters
from portal.queries import home as queries

router = Router(tags=["home"])


class Filters(Schema):
    """Of which workspace."""

    workspace: str = described("Only of this workspace, by its id.", "w8n3c5dk2p", "", max_length=16)


@router.get("", response=HomeOut, operation_id="home_index", url_name="home_index")
def index(request: HttpRequest, filters: Query[Filters]) -> HomeOut:
    """Read the key figures."""
    rows = access.visible(Workspace, caller(request)).filter(unregistered_at=None)
    if filters.workspace:
        rows = rows.filter(public_id=filters.workspace)
    workspaces = list(rows)
    figures = queries.count(workspaces)
    return HomeOut(**asdict(figures), next_step=presenters.next_step(workspaces, figures))
