"""Tokens over the API: made by session only, shown once, revoked by what is for everything, or by themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken
from tests.portal.api.conftest import Script

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(alice):
    script = Script()
    script.force_login(alice)
    return script


def test_a_session_makes_a_token_whose_secret_opens_the_api(browser, team):
    end = timezone.now() + timedelta(days=30)
    wanted = {"name": "nightly", "scope": "write", "team": team.public_id, "expires_at": end.isoformat()}
    status, made = browser.ask("POST", "tokens", wanted)
    assert (status, made["name"], made["scope"], made["team"]) == (201, "nightly", "write", team.public_id)
    assert made["secret"].startswith(made["hint"])
    assert ApiToken.objects.get().expires_at == end
    script = Script(made["secret"])
    assert script.ask("GET", "me")[1] == {"username": "alice", "name": "Alice", "is_admin": False, "scope": "write"}
    listed = browser.ask("GET", "tokens")[1]
    assert [one["id"] for one in listed] == [made["id"]]
    assert listed[0]["last_used_at"]
    assert "secret" not in listed[0]


def test_a_token_makes_no_token(script):
    status, problem = script.ask("POST", "tokens", {"name": "x", "scope": "read"})
    assert (status, problem["code"]) == (403, "token:needs_session")
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"scope": "all"}, "scope"),
        ({"team": "nobodys"}, "team"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": 10**30}, "expires_at"),
    ],
)
def test_a_wrong_value_makes_no_token(browser, given, field):
    status, problem = browser.ask("POST", "tokens", {"name": "x", "scope": "read"} | given)
    assert (status, list(problem["fields"])) == (422, [field])
    assert not ApiToken.objects.exists()


def test_a_team_of_others_cannot_be_chosen(browser, charlie):
    other = charlie.memberships.get().team.public_id
    assert browser.ask("POST", "tokens", {"name": "x", "scope": "read", "team": other})[0] == 422


def test_there_is_an_end_to_how_many(browser, alice, script_of):
    for _ in range(50):
        script_of(alice)
    status, problem = browser.ask("POST", "tokens", {"name": "x", "scope": "read"})
    assert (status, list(problem["fields"])) == (422, [""])
    assert "50" in problem["fields"][""][0]


def test_a_token_ends_itself_whatever_its_scope(script_of, alice):
    script = script_of(alice, "read")
    token = ApiToken.objects.get()
    assert script.ask("GET", "tokens")[0] == 403
    assert script.ask("DELETE", f"tokens/{token.public_id}") == (204, None)
    assert script.ask("GET", "me")[0] == 401


def test_only_what_is_for_everything_ends_another(script_of, alice, team):
    _other, narrow, wide = script_of(alice, "read"), script_of(alice, team=team), script_of(alice)
    token = ApiToken.objects.order_by("pk").first()
    assert narrow.ask("DELETE", f"tokens/{token.public_id}")[0] == 403
    assert narrow.ask("GET", "tokens")[0] == 403
    assert wide.ask("DELETE", f"tokens/{token.public_id}") == (204, None)
    token.refresh_from_db()
    assert token.revoked_at
