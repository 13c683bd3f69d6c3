"""A person's teams with how many people and workspaces each has."""

import pytest
from django.utils import timezone

from ops.models import Workspace
from portal.queries import teams

pytestmark = pytest.mark.django_db


def test_people_and_workspaces_are_counted_once_each(team, alice, bob, charlie, workspace, credential):
    for number, unregistered_at in ((1, None), (2, timezone.now())):
        facts = {"cloud": "AzureCloud", "subscription_id": "s", "resource_group": "g", "name": f"w{number}"}
        Workspace.objects.create(team=team, credential=credential, unregistered_at=unregistered_at, **facts)
    (mine,) = teams.list_memberships_of(alice)
    assert (mine.team, mine.people_count, mine.workspace_count) == (team, 2, 2)


def test_members_come_by_user_name(team, bob, alice, charlie):
    assert [one.user for one in teams.list_members(team)] == [alice, bob]
