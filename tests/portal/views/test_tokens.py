"""The page of one's API tokens: a secret is shown once, and ended in one click."""

import pytest
from django.urls import reverse

from accounts import tokens
from accounts.models import ApiToken

pytestmark = pytest.mark.django_db
INDEX = "/tokens/"


def create(client, **given):
    return client.post(reverse("tokens:create"), {"name": "nightly", "scope": "write", "team": "", **given})


def test_the_secret_is_shown_once_and_opens_the_api(client_of, alice, client):
    browser = client_of(alice)
    page = create(browser)
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert secret not in browser.get(INDEX).content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).json()
    assert (answer["username"], answer["scope"]) == ("alice", "write")


def test_one_click_ends_a_token(client_of, alice):
    token, secret = tokens.create(alice, name="old", scope="read")
    browser = client_of(alice)
    assert reverse("tokens:revoke", args=[token.public_id]) in browser.get(INDEX).content.decode()
    assert browser.post(reverse("tokens:revoke", args=[token.public_id])).status_code == 303
    assert tokens.find(secret) is None
    page = browser.get(INDEX).content.decode()
    assert "Revoked" in page
    assert reverse("tokens:revoke", args=[token.public_id]) not in page


def test_nobody_sees_or_ends_anothers_token(client_of, alice, olivia):
    token, secret = tokens.create(alice, name="alices-own", scope="read")
    browser = client_of(olivia)
    assert "alices-own" not in browser.get(INDEX).content.decode()
    assert browser.post(reverse("tokens:revoke", args=[token.public_id])).status_code == 404
    assert tokens.find(secret)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scope": "everything"}, "scope"),
        ({"team": "nobodys"}, "team"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_nothing_is_lost(client_of, alice, given, field):
    page = create(client_of(alice), **given)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert not ApiToken.objects.exists()
    if "name" not in given:
        assert 'value="nightly"' in page.content.decode()


def test_a_team_of_others_cannot_be_chosen(client_of, alice, charlie):
    other = charlie.memberships.get().team
    assert create(client_of(alice), team=other.public_id).status_code == 422


def test_there_is_an_end_to_how_many(client_of, alice):
    for number in range(50):
        tokens.create(alice, name=str(number), scope="read")
    page = create(client_of(alice))
    assert page.status_code == 422
    assert "50" in str(page.context["form"].errors)
