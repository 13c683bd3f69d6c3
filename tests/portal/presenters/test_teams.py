"""Who may manage a team, and who may not leave it."""

import pytest

from accounts.models import Membership
from portal.presenters import teams

pytestmark = pytest.mark.django_db


def test_owners_manage_and_the_last_one_is_told_so(team, alice, olivia):
    page = teams.page(team, olivia)
    assert (page.may_manage, page.is_last_owner) == (True, True)
    assert [one.user for one in page.memberships] == [alice, olivia]
    Membership.objects.filter(user=alice).update(role="owner")
    assert not teams.page(team, olivia).is_last_owner


def test_others_only_see_who_is_in(team, alice, olivia, charlie):
    for person in (alice, charlie):
        page = teams.page(team, person)
        assert (page.may_manage, page.is_last_owner) == (False, False)
