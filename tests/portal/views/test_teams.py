"""Teams: owners decide, members read, strangers see nothing."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team, User


@pytest.fixture
def url(team):
    return f"/teams/{team.public_id}/"


def add(browser, url, username="dana", role="operator", **headers):
    return browser.post(f"{url}members/add/", {"username": username, "role": role}, headers=headers)


def membership(person, team):
    return Membership.objects.get(user=person, team=team)


def test_a_member_sees_the_people(bob, alice, client_of, url):
    page = client_of(bob).get(url).content.decode()
    assert "Alice" in page
    assert "Add to the team" not in page


def test_a_stranger_sees_nothing(charlie, client_of, url):
    browser = client_of(charlie)
    assert browser.get(url).status_code == 404
    assert add(browser, url).status_code == 404
    assert "Vision" not in browser.get("/teams/").content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_only_owners_add_people(who, request, client_of, url):
    assert add(client_of(request.getfixturevalue(who)), url).status_code == 403
    assert not User.objects.filter(username="dana").exists()


def test_adding_needs_a_post(olivia, client_of, url):
    assert client_of(olivia).get(f"{url}members/add/").url == url


def test_a_new_person_gets_a_one_time_password_that_is_shown_once(olivia, client_of, client, url):
    browser = client_of(olivia)
    answer = add(browser, url)
    password = answer.context["one_time_password"]
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert password not in browser.get(url).content.decode()
    assert client.post("/sign-in/", {"username": "dana", "password": password}).status_code == 303
    assert client.get("/").url == "/password/"


def test_an_existing_person_is_added_and_keeps_their_password(olivia, charlie, team, client_of, url):
    assert add(client_of(olivia), url, "CHARLIE", "viewer").status_code == 303
    assert membership(charlie, team).role == Membership.Role.VIEWER
    charlie.refresh_from_db()
    assert charlie.check_password("Charlie-long-password")


def test_a_person_is_not_added_twice(olivia, alice, client_of, url):
    answer = add(client_of(olivia), url, "alice", **{"HX-Request": "true"})
    assert (answer.status_code, answer.context["explanation"].code) == (409, "team:already_member")


def test_a_name_that_no_account_can_have_is_refused(olivia, client_of, url):
    assert add(client_of(olivia), url, "no spaces!").status_code == 422


def test_an_owner_changes_a_role(olivia, bob, team, client_of, url):
    row = membership(bob, team)
    assert client_of(olivia).post(f"{url}members/{row.pk}/role/", {"role": "operator"}).status_code == 303
    row.refresh_from_db()
    assert row.may_write


def test_nobody_but_an_owner_changes_roles(alice, bob, team, client_of, url):
    row = membership(bob, team)
    assert client_of(alice).post(f"{url}members/{row.pk}/role/", {"role": "owner"}).status_code == 403


def test_a_membership_of_another_team_cannot_be_reached_through_mine(olivia, charlie, client_of, url):
    row = charlie.memberships.get()
    assert client_of(olivia).post(f"{url}members/{row.pk}/remove/").status_code == 404
    assert client_of(olivia).post(f"{url}members/{row.pk}/role/", {"role": "viewer"}).status_code == 404


@pytest.mark.parametrize("action", ["remove", "role"])
def test_the_last_owner_cannot_go(olivia, alice, team, client_of, url, action):
    row = membership(olivia, team)
    answer = client_of(olivia).post(f"{url}members/{row.pk}/{action}/", {"role": "viewer"})
    assert answer.status_code == 303
    assert "last owner" in str(next(iter(get_messages(answer.wsgi_request))))
    row.refresh_from_db()
    assert row.may_manage


def test_an_owner_may_leave_when_another_stays(olivia, alice, team, client_of, url):
    Membership.objects.filter(user=alice).update(role=Membership.Role.OWNER)
    assert client_of(olivia).post(f"{url}members/{membership(olivia, team).pk}/remove/").url == "/teams/"
    assert not Membership.objects.filter(user=olivia).exists()


def test_a_viewer_may_leave_but_remove_nobody(bob, alice, team, client_of, url):
    browser = client_of(bob)
    assert browser.post(f"{url}members/{membership(alice, team).pk}/remove/").status_code == 403
    assert browser.post(f"{url}members/{membership(bob, team).pk}/remove/").status_code == 303
    assert browser.get(url).status_code == 404


def test_only_site_admins_make_teams(olivia, client_of):
    browser = client_of(olivia)
    assert browser.post("/teams/new/", {"name": "Sound"}).status_code == 403
    User.objects.filter(pk=olivia.pk).update(is_staff=True)
    assert browser.post("/teams/new/", {"name": "Sound"}).status_code == 303
    assert Team.objects.get(name="Sound").memberships.get().user == olivia


def test_two_teams_cannot_share_a_name(olivia, client_of):
    User.objects.filter(pk=olivia.pk).update(is_staff=True)
    assert client_of(olivia).post("/teams/new/", {"name": "Vision"}).status_code == 422


def test_a_person_without_a_team_reads_what_to_do(db, client_of):
    loner = User.objects.create_user("loner", password="a-long-password")
    assert "not in a team yet" in client_of(loner).get("/teams/").content.decode()


def test_the_page_costs_the_same_for_many_people(olivia, team, client_of, url):
    browser = client_of(olivia)

    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(url).status_code == 200
        return len(seen)

    few = queries()
    for number in range(40):
        Membership.objects.create(user=User.objects.create_user(f"person{number}"), team=team)
    assert queries() == few
    assert few <= 9
