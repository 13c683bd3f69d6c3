"""Signing in and out, passwords, language, and the first owner's one-time link."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from portal import onboarding

SIGN_IN = "/sign-in/"


def test_the_right_password_signs_in_and_leads_to_the_wanted_page(alice, client):
    answer = client.post(SIGN_IN, {"username": "alice", "password": "Alice-long-password", "next": "/teams/"})
    assert (answer.status_code, answer.url) == (303, "/teams/")
    assert client.get("/teams/").status_code == 200


def test_a_wrong_password_is_a_422_with_a_sentence(alice, client):
    answer = client.post(SIGN_IN, {"username": "alice", "password": "nothing"})
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(alice, client, elsewhere):
    answer = client.post(SIGN_IN, {"username": "alice", "password": "Alice-long-password", "next": elsewhere})
    assert answer.url == "/"


def test_a_stranger_is_sent_to_sign_in_with_the_way_back(db, client):
    answer = client.get("/teams/")
    assert (answer.status_code, answer.url) == (302, "/sign-in/?next=/teams/")


def test_a_fragment_of_a_stranger_makes_the_whole_page_go_to_sign_in(db, client):
    answer = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/teams/"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in/?next=/teams/")


def test_signing_out_needs_a_post(alice, client_of):
    browser = client_of(alice)
    assert browser.get("/sign-out/").url == "/"
    assert browser.post("/sign-out/").status_code == 303
    assert browser.get("/").status_code == 302


def test_forms_are_refused_without_the_csrf_token(alice):
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(SIGN_IN, {"username": "alice", "password": "Alice-long-password"}).status_code == 403


def test_a_changed_password_signs_other_browsers_out(alice, client_of):
    here, elsewhere = client_of(alice), client_of(alice)
    new = "another-long-phrase"
    answer = here.post(
        "/password/", {"old_password": "Alice-long-password", "new_password1": new, "new_password2": new}
    )
    assert answer.status_code == 303
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_a_short_password_is_refused_and_the_old_one_stays(alice, client_of):
    answer = client_of(alice).post(
        "/password/", {"old_password": "Alice-long-password", "new_password1": "short", "new_password2": "short"}
    )
    assert answer.status_code == 422
    alice.refresh_from_db()
    assert alice.check_password("Alice-long-password")


def test_a_one_time_password_leads_to_the_password_page_until_it_is_changed(alice, client_of):
    alice.must_change_password = True
    alice.save()
    browser = client_of(alice)
    assert browser.get("/teams/").url == "/password/"
    assert browser.get("/password/").status_code == 200
    new = "another-long-phrase"
    browser.post("/password/", {"old_password": "Alice-long-password", "new_password1": new, "new_password2": new})
    assert browser.get("/teams/").status_code == 200


@pytest.fixture
def own_home(settings, tmp_path):
    settings.PORTAL_HOME = tmp_path
    return tmp_path


OWNER = {"username": "olga", "password": "a-long-password", "password_again": "a-long-password", "team": "Charts"}


def test_the_set_up_link_makes_the_first_owner_once(db, client, own_home):
    link = reverse("accounts:setup", args=[onboarding.issue_setup_token()])
    assert client.get(link).status_code == 200
    assert client.post(link, OWNER).status_code == 303
    assert client.get("/").status_code == 200
    olga = User.objects.get()
    assert olga.memberships.get().role == Membership.Role.OWNER
    assert Client().get(link).status_code == 404
    assert onboarding.issue_setup_token() is None


def test_only_a_hash_of_the_set_up_token_is_kept(db, own_home):
    token = onboarding.issue_setup_token()
    kept = own_home / "keys" / "setup.hash"
    assert token not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_a_newer_set_up_link_ends_the_older_one(db, client, own_home):
    older = onboarding.issue_setup_token()
    onboarding.issue_setup_token()
    assert client.get(reverse("accounts:setup", args=[older])).status_code == 404


def test_set_up_with_two_different_passwords_makes_nobody(db, client, own_home):
    link = reverse("accounts:setup", args=[onboarding.issue_setup_token()])
    answer = client.post(link, OWNER | {"password_again": "something-else"})
    assert answer.status_code == 422
    assert "not the same" in answer.content.decode()
    assert not User.objects.exists()


def test_a_guessed_set_up_link_is_404(db, client, own_home):
    assert client.get("/setup/guess/").status_code == 404


def test_the_language_is_kept_in_a_cookie_and_shown(alice, client_of):
    browser = client_of(alice)
    browser.post("/language/", {"language": "zh-hans", "next": "/"})
    assert 'lang="zh-hans"' in browser.get("/").content.decode()
