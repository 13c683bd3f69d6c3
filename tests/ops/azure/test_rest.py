from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.azure import endpoints, jobs, rest, workspaces
from ops.azure.errors import AzureDenied, AzureNotFound, AzureRejected
from ops.azure.facts import LastValue, Point
from tests.ops.azure.conftest import TAGS, finish, sent, until


def log_metrics(connection, run, *points):
    """What a training script's MLflow client sends: (key, value, step, milliseconds)."""
    keys = ("key", "value", "step", "timestamp")
    body = {"run_id": run, "metrics": [dict(zip(keys, point, strict=True)) for point in points]}
    rest._mlflow(connection, "POST", "runs/log-batch", body=body)


@pytest.fixture
def measured(connection, spec):
    """A finished run of its own with five points of two metrics."""
    jobs.create(connection, spec)
    finish(connection, spec.name)
    points = [("loss", 1 / (1 + step), step, 1_700_000_000_000 + step) for step in range(4)]
    log_metrics(connection, spec.name, *points, ("val_accuracy", "NaN", 3, 1_700_000_000_003))
    return spec.name


def test_an_operation_that_fails_is_an_answer(connection, server, name):
    server.fault(provisioning="endpoints", code="QuotaExceeded", message="Too many endpoints.")
    server.pace("polls:1")
    url = endpoints.begin_create(connection, name("fails"), "key", TAGS, "")
    assert rest.poll(connection, url).status == "running"
    failed = until(lambda: rest.poll(connection, url), lambda poll: poll.status != "running")
    assert (failed.status, failed.error_code, failed.error_message) == (
        "failed",
        "QuotaExceeded",
        "Too many endpoints.",
    )


def test_the_token_goes_to_azure_only(connection, server):
    with pytest.raises(AzureRejected) as caught:
        rest.poll(connection, "https://localhost:1/subscriptions/x?sig=hunter2")
    assert caught.value.code == "ForeignUrl"
    with pytest.raises(AzureRejected):
        rest.poll(connection, server.url.replace("https://", "https://azure@evil.example/"))


def test_an_operation_azure_has_forgotten_is_not_found(connection, target):
    place = f"/subscriptions/{target.subscription_id}/providers/Microsoft.MachineLearningServices/locations/eastus"
    with pytest.raises(AzureNotFound):
        rest.poll(connection, f"{connection.cloud.arm_url}{place}/mfeOperationsStatus/nobody?api-version=2023-04-01")


def test_details_of_a_finished_run(connection, run):
    details = rest.run_details(connection, run)
    assert details.status == "Completed"
    assert details.started_at < details.ended_at <= datetime.now(UTC)
    assert (details.error_code, details.error_message) == ("", "")
    assert "user_logs/std_log.txt" in details.log_files
    assert "sig=" not in repr(details)


def test_details_of_a_failed_run_tell_why(connection, spec):
    jobs.create(connection, replace(spec, command="echo bad luck >&2; exit 3"))
    assert finish(connection, spec.name).status == "Failed"
    details = rest.run_details(connection, spec.name)
    assert details.error_code
    assert details.error_message


def test_details_of_a_run_nobody_knows_are_not_found(connection):
    with pytest.raises(AzureNotFound):
        rest.run_details(connection, "nobody")


def test_where_run_history_is_is_asked_once(connection, server, run):
    rest.run_details(connection, run)
    server.forget_requests()
    rest.run_details(connection, run)
    assert len(sent(server)) == 1


def test_a_log_is_read_from_any_byte_without_a_token(connection, run):
    url = rest.run_details(connection, run).log_files["user_logs/std_log.txt"]
    whole = rest.read_log(connection, url, 0, 100_000)
    assert "Grüße from the job\ndone\n" in whole.decode()
    assert rest.read_log(connection, url, 3, 4) == whole[3:7]
    assert rest.read_log(connection, url, len(whole) - 2, 100) == whole[-2:]
    assert rest.read_log(connection, url, len(whole), 100) == b""
    assert rest.read_log(connection, url, len(whole) + 5000, 100) == b""


def test_a_log_that_grows_is_read_on(connection, spec):
    jobs.create(connection, replace(spec, command="echo first; sleep 2; echo second; sleep 30"))
    try:
        details = until(
            lambda: rest.run_details(connection, spec.name), lambda found: "user_logs/std_log.txt" in found.log_files
        )
        url = details.log_files["user_logs/std_log.txt"]
        first = until(lambda: rest.read_log(connection, url, 0, 1000), bool)
        assert b"first" in first
        assert b"second" not in first
        assert b"second" in until(lambda: rest.read_log(connection, url, len(first), 1000), bool)
    finally:
        jobs.cancel(connection, spec.name)


def test_a_log_with_a_wrong_signature_is_denied_and_the_address_not_shown(connection, run):
    url = rest.run_details(connection, run).log_files["user_logs/std_log.txt"]
    with pytest.raises(AzureDenied) as caught:
        rest.read_log(connection, url.replace("sig=", "sig=hunter2"), 0, 100)
    assert "sig=" not in str(caught.value)


def test_last_values_of_many_runs_take_one_call_once_they_are_known(connection, server, measured, run):
    names = [measured, run, "nobody"]
    first = rest.search_metrics(connection, names)
    assert first[measured]["loss"] == LastValue(0.25, 3, datetime.fromtimestamp(1_700_000_000.003, UTC))
    assert first[measured]["val_accuracy"].value is None
    assert first[run] == {}
    assert "nobody" not in first
    server.forget_requests()
    assert rest.search_metrics(connection, [measured, run]) == first
    assert [request.rsplit("/", 1)[1] for request in sent(server)] == ["search"]


def test_a_new_point_moves_the_last_value(connection, measured):
    rest.search_metrics(connection, [measured])
    log_metrics(connection, measured, ("loss", 0.125, 4, 1_700_000_000_009))
    assert rest.search_metrics(connection, [measured])[measured]["loss"].value == 0.125


def test_no_run_needs_no_call(connection, server):
    assert rest.search_metrics(connection, []) == {}
    assert not sent(server)


def test_history_starts_after_what_is_known(connection, measured):
    points = rest.metric_history(connection, measured, "loss", 0)
    assert [(point.step, point.value) for point in points] == [(0, 1.0), (1, 0.5), (2, 1 / 3), (3, 0.25)]
    assert rest.metric_history(connection, measured, "loss", 3) == points[3:]
    assert rest.metric_history(connection, measured, "loss", 4) == []
    at = datetime.fromtimestamp(1_700_000_000.003, UTC)
    assert rest.metric_history(connection, measured, "val_accuracy", 0) == [Point(3, None, at)]
    assert rest.metric_history(connection, measured, "nothing", 0) == []


def test_all_pages_of_a_history_are_read(connection, server, measured, monkeypatch):
    monkeypatch.setattr(rest, "POINTS_A_PAGE", 3)
    server.forget_requests()
    assert len(rest.metric_history(connection, measured, "loss", 0)) == 4
    assert len(sent(server, path="get-history")) == 2


def test_a_silent_server_is_given_up_on(connection, server, monkeypatch):
    workspaces.known(connection)
    monkeypatch.setattr(rest, "TIMEOUT", (1, 0.3))
    server.fault(path="get-history", delay=3)
    with pytest.raises(Exception, match="TimedOut"):
        rest.metric_history(connection, "nobody", "loss", 0)
