"""Teams and roles: each change leaves an event that names who did what to whom."""

import pytest

from accounts.models import Membership
from ops.models import Event
from ops.services import people

pytestmark = pytest.mark.django_db


def story(team):
    events = Event.objects.filter(team=team).order_by("pk")
    return [(event.verb, event.target_name, event.params, event.by) for event in events]


def test_the_life_of_a_team_is_told(olivia, team):
    mine = people.found("Speech", by=olivia)
    membership, password = people.add(mine, "dana", "viewer", by=olivia)
    assert password
    people.change_role(membership, "owner", by=olivia)
    people.change_role(membership, "owner", by=olivia)
    people.remove(membership, by=olivia)
    assert story(mine) == [
        ("created", "Speech", {}, olivia),
        ("member_added", "dana", {"role": "viewer"}, olivia),
        ("role_changed", "dana", {"role": "owner", "before": "viewer"}, olivia),
        ("member_removed", "dana", {"role": "owner"}, olivia),
    ]
    assert all(event.workspace is None for event in Event.objects.filter(team=mine))
    assert story(team) == []
    assert not Membership.objects.filter(user__username="dana").exists()
