"""The portal's own 403, 404 and 500 pages."""

import pytest
from django.db import connections
from django.test import Client, RequestFactory

from portal.views import errors


def test_a_missing_page_keeps_the_frame_for_a_member(alice, client_of):
    answer = client_of(alice).get("/nothing-here/")
    assert answer.status_code == 404
    assert "side-nav" in answer.content.decode()


def test_a_missing_page_tells_a_stranger_nothing_of_the_frame(db, client):
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "side-nav" not in answer.content.decode()


def test_below_the_api_an_error_is_json(alice, client_of):
    answer = client_of(alice).get("/api/nothing-here")
    assert (answer.status_code, answer.json()["code"]) == (404, "http:404")


def test_an_unexpected_error_of_the_api_is_json_without_a_traceback(alice, client_of, monkeypatch):
    from portal.queries import home

    monkeypatch.setattr(home, "count", lambda *given: 1 / 0)
    browser = Client(raise_request_exception=False)
    browser.force_login(alice)
    answer = browser.get("/api/v1/home")
    assert (answer.status_code, answer.json()["code"]) == (500, "http:500")


def test_a_forbidden_post_says_who_can_help(alice, client_of, team):
    answer = client_of(alice).post(f"/teams/{team.public_id}/members/add/")
    assert answer.status_code == 403
    assert "operator role" in answer.content.decode()


def test_the_500_page_asks_no_database(settings):
    request = RequestFactory().get("/")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connections["default"]), "cursor", lambda *args: pytest.fail("the database was asked"))
        answer = errors.broken(request)
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_an_unexpected_error_shows_no_traceback(alice, client_of, monkeypatch):
    from portal.presenters import home

    monkeypatch.setattr(home, "page", lambda *given: 1 / 0)
    browser = Client(raise_request_exception=False)
    browser.force_login(alice)
    answer = browser.get("/")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.content.decode()
