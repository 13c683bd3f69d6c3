"""Five wrong passwords pause a name from an address; another address and another name go on."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client, RequestFactory

from accounts import sign_in_limit

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/"


def attempt(password="wrong", name="alice", address="10.0.0.1", **headers):
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"username": name, "password": password}, headers=headers)


def right(**where):
    return attempt("Alice-long-password", **where)


def test_after_five_wrong_passwords_the_right_one_waits_too(alice):
    assert [attempt().status_code for _ in range(5)] == [422, 422, 422, 422, 429]
    page = right()
    assert page.status_code == 429
    assert "Too many wrong passwords" in page.content.decode()
    assert "15 minutes" in page.content.decode()
    assert "sessionid" not in page.cookies


@pytest.mark.parametrize("name", ["ALICE", "ａｌｉｃｅ"])
def test_another_spelling_of_the_name_counts_as_the_same(alice, name):
    for _ in range(5):
        attempt(name=name)
    assert right().status_code == 429


def test_a_colleague_and_another_address_are_not_concerned(alice, bob):
    for _ in range(6):
        attempt()
    assert right(address="10.0.0.2").status_code == 303
    assert attempt("Bob-long-password", name="bob").status_code == 303


def test_the_right_password_forgets_the_wrong_ones(alice):
    for _ in range(4):
        attempt()
    assert right().status_code == 303
    assert attempt().status_code == 422


def test_the_pause_ends_by_itself(alice, settings):
    for _ in range(5):
        attempt()
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=16))
    assert right().status_code == 303


def test_a_failure_is_logged_with_name_and_address_and_never_the_password(alice, caplog):
    attempt("my-secret-guess")
    assert "alice" in caplog.text
    assert "10.0.0.1" in caplog.text
    assert "my-secret-guess" not in caplog.text
    assert "my-secret-guess" not in str(AccessAttempt.objects.values().get())


def test_an_owner_ends_the_pause_and_nobody_else(alice, bob, olivia, team, client_of):
    for _ in range(5):
        attempt()
    url = f"/teams/{team.public_id}/members/{alice.memberships.get().pk}/end-pause/"
    assert url in client_of(olivia).get(f"/teams/{team.public_id}/").content.decode()
    assert client_of(bob).post(url).status_code == 403
    assert right().status_code == 429
    assert client_of(olivia).post(url).status_code == 303
    assert right().status_code == 303
    assert url not in client_of(olivia).get(f"/teams/{team.public_id}/").content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 7.7.7.7", "7.7.7.7"),
        (2, "6.6.6.6, 7.7.7.7, 8.8.8.8", "7.7.7.7"),
        (1, "", "10.0.0.1"),
        (3, "7.7.7.7", "10.0.0.1"),
    ],
)
def test_behind_proxies_the_visitors_own_header_is_worth_nothing(settings, proxies, forwarded, address):
    settings.PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert sign_in_limit.client_address(request) == address
