"""What pages show of teams and their people."""

from dataclasses import dataclass
from typing import Any

from accounts import access, sign_in_limit
from accounts.access import Person
from accounts.models import Membership, Team
from portal.queries import teams as queries


@dataclass(frozen=True, slots=True)
class MembersPage:
    """One team's people as one of them sees it.

    ``is_last_owner`` is about the person who reads; ``paused`` holds the memberships whose people may not sign in now.
    """

    team: Team
    memberships: list[Membership]
    roles: list[tuple[str, Any]]
    may_manage: bool
    is_last_owner: bool
    paused: set[int]
    may_administer: bool


def page(team: Team, person: Person) -> MembersPage:
    """Return what ``person`` sees of the team: one query."""
    members = list(queries.list_members(team))
    mine = next((member for member in members if member.user_id == person.pk), None)
    return MembersPage(
        team=team,
        memberships=members,
        roles=Membership.Role.choices,
        may_manage=bool(mine and mine.may_manage),
        may_administer=access.administers(person),
        paused=sign_in_limit.list_paused(members),
        is_last_owner=[member.user_id for member in members if member.may_manage] == [person.pk],
    )
