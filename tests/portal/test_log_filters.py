"""A refusal is one line of the log; a fault keeps its traceback."""

import logging

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.module_loading import import_string


def record_of(error, level):
    try:
        raise error
    except type(error) as raised:
        given = (type(raised), raised, raised.__traceback__)
        return logging.LogRecord("django.request", level, "", 1, "Forbidden: /x/", (), given)


@pytest.mark.parametrize(
    ("error", "level", "has_traceback"),
    [
        (PermissionDenied(), logging.WARNING, False),
        (ValueError("x"), logging.ERROR, True),
        (PermissionDenied(), logging.ERROR, True),
    ],
)
def test_only_what_was_expected_loses_its_traceback(error, level, has_traceback):
    (name,) = settings.LOGGING["handlers"]["stderr"]["filters"]
    kept = import_string(settings.LOGGING["filters"][name]["()"])()
    record = record_of(error, level)
    assert kept.filter(record)
    assert ("Traceback" in logging.Formatter().format(record)) == has_traceback
