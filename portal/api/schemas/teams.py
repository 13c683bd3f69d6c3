"""Teams and their people."""

from typing import Any, ClassVar, Literal

from django.urls import reverse
from ninja import Schema

from accounts.models import Membership, Team
from portal.api.schemas.common import Given, described

Role = Literal["viewer", "operator", "owner"]


class TeamIn(Given):
    """A team to make."""

    name: str = described("Its name.", "Vision", max_length=80)


class TeamChange(Given):
    """What a site admin may change of a team."""

    may_use_host_identity: bool = described("Whether it may use the identity of the portal's own machine.", True)


class MemberIn(Given):
    """A person to take into a team."""

    username: str = described("User name; somebody new gets an account.", "alice", max_length=150)
    role: Role = described("What they may do.", "operator")


class RoleIn(Given):
    """What a member may do from now on."""

    role: Role = described("viewer reads and predicts, operator also changes, owner also manages people.", "viewer")


class MemberOut(Schema):
    """A member of a team."""

    id: int = described("Id of the membership.", 7)
    username: str = described("User name.", "alice")
    name: str = described("Full name, or else the user name.", "Alice")
    role: str = described("viewer, operator or owner.", "operator")


class NewMember(MemberOut):
    """A member who was just taken in."""

    SHOWN_ONCE: ClassVar[tuple[str, ...]] = ("one_time_password",)
    one_time_password: str = described("Password of a new account: given once, kept nowhere. Empty else.", "")


class TeamOut(Schema):
    """A team of yours."""

    id: str = described("Opaque id.", "t5h9x2kq4m")
    name: str = described("Its name.", "Vision")
    role: str = described("Your role in it.", "owner")
    people: int = described("How many people are in it.", 4)
    workspaces: int = described("How many workspaces it has registered.", 2)
    url: str = described("Its page in the portal.", "/teams/t5h9x2kq4m/")


class TeamDetail(Schema):
    """A team with its people."""

    id: str = described("Opaque id.", "t5h9x2kq4m")
    name: str = described("Its name.", "Vision")
    url: str = described("Its page in the portal.", "/teams/t5h9x2kq4m/")
    may_use_host_identity: bool = described("Whether it may use the identity of the portal's own machine.", False)
    members: list[MemberOut]


def team_out(membership: Any) -> TeamOut:
    """Return a team from one's membership, read through ``queries.teams.list_memberships_of``."""
    team = membership.team
    return TeamOut(
        id=team.public_id,
        name=team.name,
        role=membership.role,
        people=membership.people_count,
        workspaces=membership.workspace_count,
        url=reverse("teams:members", args=[team.public_id]),
    )


def team_detail(team: Team, memberships: list[Membership]) -> TeamDetail:
    """Return the team with its people."""
    url = reverse("teams:members", args=[team.public_id])
    return TeamDetail(
        id=team.public_id,
        name=team.name,
        url=url,
        may_use_host_identity=team.may_use_host_identity,
        members=[member_out(one) for one in memberships],
    )


def member_out(membership: Membership) -> MemberOut:
    """Return one member."""
    return MemberOut(**member_facts(membership))


def member_facts(membership: Membership) -> dict[str, Any]:
    """Return what every schema of a member has."""
    user = membership.user
    return {"id": membership.pk, "username": user.username, "name": str(user), "role": membership.role}
