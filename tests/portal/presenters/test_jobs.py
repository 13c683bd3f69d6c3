"""A run's timeline, its duration, and which buttons its page has."""

import pytest

from ops.models import Operation, Run
from portal.presenters import jobs
from portal.presenters.operations import DONE, FAILED, NOW, TODO
from portal.queries import jobs as queries
from tests.portal import factories

pytestmark = pytest.mark.django_db


def test_a_timeline_shows_what_was_seen_and_what_may_follow(workspace):
    shown = [(step.name, step.state) for step in jobs.timeline(factories.run(workspace, "Running"))]
    assert shown == [
        ("Submitting", DONE),
        ("Queued", DONE),
        ("Running", NOW),
        ("Finalizing", TODO),
        ("Completed", TODO),
    ]


def test_nothing_follows_a_run_that_failed(workspace):
    last = jobs.timeline(factories.run(workspace, "Failed"))[-1]
    assert (last.name, last.state) == ("Failed", FAILED)


def test_a_duration_counts_from_azures_start_and_none_before(workspace):
    assert jobs.duration_seconds(factories.run(workspace, "Completed")) == pytest.approx(40, abs=1)
    assert jobs.duration_seconds(factories.run(workspace, "Queued", started_at=None)) is None
    assert jobs.duration_seconds(factories.run(workspace, "Failed", ended_at=None)) is None


def test_the_last_line_of_a_traceback_is_its_reason():
    assert jobs.last_line("Traceback\n  File x\nValueError: no\n\n") == "ValueError: no"
    assert jobs.last_line(" \n") == ""


def offers(run, may_write=True):
    page = jobs.page(run, may_write)
    names = ("may_cancel", "may_retry", "may_clone", "may_register")
    return {name.removeprefix("may_") for name in names if getattr(page, name)}


def test_a_run_offers_what_fits_its_state(workspace):
    assert offers(factories.run(workspace, "Running")) == {"cancel", "clone"}
    assert offers(factories.run(workspace, "Failed")) == {"retry", "clone"}
    assert offers(factories.run(workspace, "Completed")) == {"retry", "clone", "register"}


def test_a_reader_is_offered_nothing(workspace):
    for status in ("Running", "Failed", "Completed"):
        assert offers(factories.run(workspace, status), may_write=False) == set()


def test_a_run_that_is_being_cancelled_is_not_cancelled_again(workspace):
    run = factories.run(workspace, "Running")
    factories.operation(workspace, Operation.Kind.CANCEL_RUN, target=run)
    page = jobs.page(run, may_write=True)
    assert (page.is_cancelling, page.may_cancel, page.is_live) == (True, False, True)


def test_a_row_shows_the_last_value_of_the_main_metric_or_none(workspace):
    factories.metric(measured := factories.run(workspace), "val_accuracy", [0.4, 0.5])
    factories.metric(measured, "loss", [3.0])
    factories.run(workspace)
    rows = queries.complete_for_list(Run.objects.order_by("pk"))
    assert [jobs.row(run).key_value for run in rows] == [0.5, None]
