"""Who comes in: a valid token, or a session with its CSRF token."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken
from tests.portal.api.conftest import Script

pytestmark = pytest.mark.django_db


def test_a_token_acts_for_its_person(script_of, alice):
    status, answer = script_of(alice, "predict").ask("GET", "me")
    assert (status, answer["username"], answer["scope"]) == (200, "alice", "predict")


@pytest.mark.parametrize("header", ["Bearer ", "Bearer wrong", "Bearer ptl_é", "bearer  x", "Bearer a b"])
def test_a_wrong_token_is_refused_even_beside_a_session(client_of, alice, header):
    client = client_of(alice)
    assert client.get("/api/v1/me").status_code == 200
    assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_another_kind_of_authorization_leaves_the_session_in_force(client_of, alice):
    assert client_of(alice).get("/api/v1/me", headers={"Authorization": "Basic eDp5"}).status_code == 200


def test_an_ended_token_is_refused(script_of, alice):
    for change in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}):
        script = script_of(alice)
        ApiToken.objects.filter(user=alice).update(**change)
        assert script.ask("GET", "me")[0] == 401


def test_a_session_needs_the_csrf_token_for_a_write_and_a_token_does_not(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    wanted = {"name": "x", "scope": "read"}
    assert browser.get("/api/v1/me").status_code == 200
    refused = browser.post("/api/v1/tokens", wanted, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "http:403")
    browser.get("/api/docs")
    csrf = next(value.value for name, value in browser.cookies.items() if name.startswith("portolan_csrf"))
    allowed = browser.post("/api/v1/tokens", wanted, content_type="application/json", headers={"X-CSRFToken": csrf})
    assert allowed.status_code == 201
    script = Script(allowed.json()["secret"])
    script.handler.enforce_csrf_checks = True
    assert script.ask("GET", "me")[0] == 200


def test_a_one_time_password_is_changed_first(client_of, alice):
    alice.must_change_password = True
    alice.save()
    response = client_of(alice).get("/api/v1/me")
    assert (response.status_code, response.json()["code"]) == (403, "accounts:must_change_password")


def test_a_token_ends_with_its_person(alice):
    _token, secret = tokens.create(alice, name="x", scope="read")
    alice.is_active = False
    alice.save()
    assert Script(secret).ask("GET", "me")[0] == 401
