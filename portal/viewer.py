"""The person who looks at a page: their teams, the workspaces they see, what they may do. One query for each request.

Lists take from here in which parts of a table their rows are, the frame what it offers, a view whether to show buttons.
Which memberships count, and for what, is decided by ``accounts.access``.
"""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts import access
from accounts.models import Membership
from portal.keyset import Parts
from portal.queries import heartbeats


@dataclass(frozen=True, slots=True)
class MyTeam:
    """A team that the person is in."""

    pk: int
    public_id: str
    name: str
    role: str

    @property
    def role_label(self) -> str:
        return str(Membership.Role(self.role).label)


@dataclass(frozen=True, slots=True)
class MyWorkspace:
    """A registered workspace of one of the person's teams."""

    pk: int
    public_id: str
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """Teams and workspaces are in the order of their names. ``alive`` counts the parts of the portal heard of lately.

    ``alive`` is None where nobody has counted: for a person without a team.
    """

    teams: tuple[MyTeam, ...] = ()
    workspaces: tuple[MyWorkspace, ...] = ()
    may_write: bool = False
    alive: int | None = None

    def find_workspace(self, public_id: str) -> MyWorkspace | None:
        """Return the workspace of that public id, None for one that the person does not see."""
        return next((row for row in self.workspaces if row.public_id == public_id), None)

    def workspace_parts(self, public_id: str) -> Parts:
        """Return the parts of a list by workspace: all that the person sees, or the one that was asked for."""
        asked = [row.pk for row in self.workspaces if not public_id or row.public_id == public_id]
        return Parts("workspace_id", asked)

    def team_parts(self, public_id: str) -> Parts:
        """Return the parts of a list by team; by workspace when one was asked for."""
        return self.workspace_parts(public_id) if public_id else Parts("team_id", [row.pk for row in self.teams])


def of(request: HttpRequest) -> Viewer:
    """Return who is signed in; read at the first call of a request."""
    viewer: Viewer | None = getattr(request, "viewer", None)
    if viewer is None:
        viewer = _read(request) if request.user.is_authenticated else Viewer()
        request.viewer = viewer  # type: ignore[attr-defined]
    return viewer


def _read(request: HttpRequest) -> Viewer:
    columns = ("team", "team__public_id", "team__name", "role")
    places = ("team__workspaces", "team__workspaces__public_id", "team__workspaces__name")
    rows = list(
        access.memberships(request.user)
        .annotate(alive=heartbeats.alive_count())
        .order_by("team__name", "team__workspaces__name")
        .values_list(*columns, *places, "team__workspaces__unregistered_at", "alive")
    )
    registered = [row for row in rows if row[4] is not None and row[7] is None]
    return Viewer(
        teams=tuple(dict.fromkeys(MyTeam(*row[:4]) for row in rows)),
        workspaces=tuple(MyWorkspace(row[4], row[5], row[6], team=row[2]) for row in registered),
        may_write=any(access.has_right(row[3], access.Right.WRITE) for row in rows),
        alive=rows[0][-1] if rows else None,
    )
