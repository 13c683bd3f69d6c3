"""Teams and their people."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja import Router, Status

from accounts import access
from accounts.models import Membership, Team
from ops.services import people
from portal.api import idempotency
from portal.api.authentication import caller, person
from portal.api.errors import wrong_values
from portal.api.schemas.teams import (
    MemberIn,
    MemberOut,
    NewMember,
    RoleIn,
    TeamChange,
    TeamDetail,
    TeamIn,
    TeamOut,
    member_facts,
    member_out,
    team_detail,
    team_out,
)
from portal.forms.teams import MemberForm, TeamForm
from portal.queries import teams as queries

router = Router(tags=["teams"])


@router.get("", response=list[TeamOut], operation_id="teams_index", url_name="teams_index")
def index(request: HttpRequest) -> list[TeamOut]:
    """List your teams by name: all of them, they are few."""
    mine = queries.list_memberships_of(person(request)).filter(team__in=access.teams(caller(request)))
    return [team_out(membership) for membership in mine]


@router.post(
    "",
    response={201: TeamDetail},
    operation_id="teams_create",
    url_name="teams_create",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def create(request: HttpRequest, given: TeamIn) -> Status[TeamDetail]:
    """Make a team with you as its owner; for site admins."""
    if not access.administers(caller(request)):
        raise PermissionDenied
    form = TeamForm(given.model_dump())
    if not form.is_valid():
        raise wrong_values(form)
    team = people.found(form.cleaned_data["name"], person(request))
    return Status(201, team_detail(team, list(queries.list_members(team))))


@router.get("/{slug:team_id}", response=TeamDetail, operation_id="teams_members", url_name="teams_members")
def members(request: HttpRequest, team_id: str) -> TeamDetail:
    """Read one team with its people."""
    team = access.readable(Team, caller(request), public_id=team_id)
    return team_detail(team, list(queries.list_members(team)))


@router.patch(
    "/{slug:team_id}", response=TeamDetail, operation_id="teams_host_identity", url_name="teams_host_identity"
)
def change(request: HttpRequest, team_id: str, given: TeamChange) -> TeamDetail:
    """Allow the team the identity of the portal's own machine, or no longer; for site admins of the team."""
    team = access.readable(Team, caller(request), public_id=team_id)
    if not access.administers(caller(request)):
        raise PermissionDenied
    people.allow_host_identity(team, is_allowed=given.may_use_host_identity, by=person(request))
    team.refresh_from_db()
    return team_detail(team, list(queries.list_members(team)))


@router.post(
    "/{slug:team_id}/members",
    response={201: NewMember},
    operation_id="teams_add_member",
    url_name="teams_add_member",
    openapi_extra=idempotency.OPENAPI,
)
@idempotency.once
def add_member(request: HttpRequest, team_id: str, given: MemberIn) -> Status[NewMember]:
    """Take a person into the team. Somebody new gets an account; its one-time password is given only now."""
    team = access.manageable(Team, caller(request), public_id=team_id)
    form = MemberForm(given.model_dump())
    if not form.is_valid():
        raise wrong_values(form)
    membership, password = people.add(team, **form.cleaned_data, by=person(request))
    return Status(201, NewMember(**member_facts(membership), one_time_password=password))


@router.patch(
    "/{slug:team_id}/members/{int:member_id}",
    response=MemberOut,
    operation_id="teams_change_role",
    url_name="teams_change_role",
)
def change_role(request: HttpRequest, team_id: str, member_id: int, given: RoleIn) -> MemberOut:
    """Give a member another role."""
    team = access.manageable(Team, caller(request), public_id=team_id)
    membership = _member(team, member_id)
    people.change_role(membership, given.role, by=person(request))
    return member_out(membership)


@router.post(
    "/{slug:team_id}/members/{int:member_id}/end-pause",
    response={204: None},
    operation_id="teams_end_pause",
    url_name="teams_end_pause",
)
def end_pause(request: HttpRequest, team_id: str, member_id: int) -> Status[None]:
    """After too many wrong passwords, let a member try to sign in again at once."""
    team = access.manageable(Team, caller(request), public_id=team_id)
    people.end_pause(_member(team, member_id), by=person(request))
    return Status(204, None)


@router.delete(
    "/{slug:team_id}/members/{int:member_id}",
    response={204: None},
    operation_id="teams_remove_member",
    url_name="teams_remove_member",
)
def remove_member(request: HttpRequest, team_id: str, member_id: int) -> Status[None]:
    """Take a person out of the team: owners anybody, everybody themselves."""
    team = access.readable(Team, caller(request), public_id=team_id)
    membership = _member(team, member_id)
    if membership.user_id == person(request).pk:
        if not access.has_scope(caller(request), access.Right.MANAGE):
            raise PermissionDenied
    else:
        access.manageable(Team, caller(request), public_id=team_id)
    people.remove(membership, by=person(request))
    return Status(204, None)


def _member(team: Team, member_id: int) -> Membership:
    """Return the membership. Raises Http404 for one of another team and for a number beyond the database's."""
    found = team.memberships.select_related("user").filter(pk=member_id).first() if member_id < 2**63 else None
    if found is None:
        raise Http404
    return found
