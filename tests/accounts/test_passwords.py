"""The password that somebody was given is changed for another one, and for one that is one."""

import pytest

pytestmark = pytest.mark.django_db
PASSWORD = "/password/"


def change(client_of, person, new, old="Alice-long-password"):
    given = {"old_password": old, "new_password1": new, "new_password2": new}
    return client_of(person).post(PASSWORD, given)


@pytest.mark.parametrize(
    "new", ["Alice-long-password", "1234567890123", " " * 12, "\u3000" * 12, "short", "password123"]
)
def test_a_password_that_is_none_or_the_same_is_refused(alice, client_of, new):
    alice.must_change_password = True
    alice.save()
    page = change(client_of, alice, new)
    assert page.status_code == 422
    alice.refresh_from_db()
    assert alice.must_change_password
    assert alice.check_password("Alice-long-password")


def test_another_one_is_taken(alice, client_of):
    assert change(client_of, alice, "quite-another-one-7").status_code == 303
    alice.refresh_from_db()
    assert alice.check_password("quite-another-one-7")
