"""A run's key metrics, the last thing done with it, and the versions made from it."""

import pytest
from django.utils import timezone

from ops.models import Operation
from portal.queries import jobs
from tests.portal import factories

pytestmark = pytest.mark.django_db
Kind = Operation.Kind


def test_key_metrics_cost_one_query_for_all_rows_and_leave_other_metrics_out(workspace, django_assert_num_queries):
    for _number in range(3):
        run = factories.run(workspace)
        factories.metric(run, "val_accuracy", [0.5, 0.9])
        factories.metric(run, "loss", [2.0])
    with django_assert_num_queries(2):
        found = [[one.key for one in jobs.key_metrics(run)] for run in jobs.with_key_metrics(jobs.list_runs())]
    assert found == [["val_accuracy"]] * 3


def test_a_row_that_was_read_without_its_metrics_has_none(workspace):
    factories.metric(factories.run(workspace), "val_accuracy", [0.5])
    assert jobs.key_metrics(jobs.list_runs().get()) == []


def test_making_a_version_is_not_the_last_thing_done_with_the_run(workspace):
    run = factories.run(workspace, "Completed")
    sent = factories.operation(workspace, Kind.SUBMIT_RUN, "succeeded", target=run)
    factories.operation(workspace, Kind.REGISTER_VERSION, target=run)
    assert jobs.last_operation(run) == sent
    cancelled = factories.operation(workspace, Kind.CANCEL_RUN, target=run)
    assert jobs.last_operation(run) == cancelled


def test_the_versions_made_come_with_what_serves_them_and_without_the_gone(workspace):
    run = factories.run(workspace, "Completed")
    version = factories.version(workspace, run=run)
    gone = factories.version(workspace, number="2", run=run)
    gone.gone_at = timezone.now()
    gone.save()
    blue = factories.deployment(factories.endpoint(workspace), model_version=version)
    factories.deployment(blue.endpoint, "old", 0, model_version=version, gone_at=timezone.now())
    (made,) = jobs.list_versions_made(run)
    assert (made, made.serving) == (version, [blue])


def test_a_run_is_registering_while_its_version_is_being_made(workspace):
    run = factories.run(workspace, "Completed")
    version = factories.version(workspace, state="registering", run=run)
    operation = factories.operation(workspace, Kind.REGISTER_VERSION, target=version)
    assert jobs.is_registering(run)
    operation.finished_at = timezone.now()
    operation.save()
    assert not jobs.is_registering(run)
