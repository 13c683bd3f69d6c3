from datetime import UTC, datetime, timedelta, timezone
from enum import Enum

import pytest

from ops.azure import words


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Creating", "creating"),
        ("Succeeded", "ready"),
        ("Canceled", "failed"),
        ("Failed", "failed"),
        ("Moving", "updating"),
    ],
)
def test_provisioning_states_become_our_words(theirs, ours):
    assert words.resource_state(theirs) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("Succeeded", "succeeded"), ("Canceled", "cancelled"), ("InProgress", "running"), ("Whatever", "running")],
)
def test_a_status_that_is_no_end_is_still_running(theirs, ours):
    assert words.poll_status(theirs) == ours


@pytest.mark.parametrize(("theirs", "ours"), [("Key", "key"), ("AMLToken", "aml_token"), ("AADToken", "aad_token")])
def test_sign_in_modes_become_our_words(theirs, ours):
    assert words.auth_mode(theirs) == ours


def test_an_enum_of_the_sdk_is_its_value():
    assert words.text(Enum("Kind", {"ONE": "one"}).ONE) == "one"
    assert words.text(None) == ""


def test_times_are_aware_whatever_azure_sends():
    assert words.time("2026-11-20T10:00:00.1234567Z") == datetime(2026, 11, 20, 10, 0, 0, 123456, UTC)
    assert words.time("2026-11-20T10:00:00") == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert words.time("2026-11-20T10:00:00+02:00") == datetime(2026, 11, 20, 10, tzinfo=timezone(timedelta(hours=2)))
    assert words.time(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert words.time("soon") is None
    assert words.time(None) is None


def test_numbers_that_are_none_become_none():
    assert [words.number(value) for value in (0.5, "2", "NaN", "Infinity", "-Infinity")] == [0.5, 2.0, None, None, None]
