"""The mirror against real jobs: status changes, log bytes, metric points, things made outside the portal."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.ids import new_public_id
from ops.azure import endpoints as azure_endpoints
from ops.azure import jobs as azure_jobs
from ops.azure.facts import JobRequest
from ops.mirror import logs, rounds
from ops.models import Endpoint, LogChunk, LogFile, MetricSeries, Mirror, ModelVersion, Operation, Run
from ops.services import workspaces
from tests.ops.conftest import complete, connected, finish, mirror_once, wait_until

pytestmark = pytest.mark.django_db
STD_LOG = "user_logs/std_log.txt"


def text_of(run: Run, name: str = STD_LOG) -> str:
    return "".join(LogChunk.objects.filter(log_file__run=run, log_file__name=name).values_list("text", flat=True))


def follow(run: Run, is_true) -> None:
    """Rounds as the chain makes them until the run's rows show it."""

    def look() -> bool:
        mirror_once(run.workspace)
        run.refresh_from_db()
        return bool(is_true())

    wait_until(look)


def test_a_runs_status_changes_are_recorded_in_their_order(submit):
    run = complete(finish(submit(seconds=3)).target)
    statuses = list(run.status_changes.values_list("status", flat=True))
    assert statuses[0] == "Submitting"
    assert statuses[-1] == "Completed"
    assert "Running" in statuses
    assert len(statuses) == len(set(statuses))
    assert run.started_at < run.ended_at
    assert (run.error_code, run.is_final) == ("", True)


def test_log_bytes_are_mirrored_once_and_whole(submit):
    run = complete(finish(submit(lines=40, seconds=4)).target)
    assert text_of(run).count("äöü 漢字") == 40
    file = run.log_files.get(name=STD_LOG)
    chunks = list(file.chunks.values_list("offset", "length", "text"))
    assert len(chunks) > 1
    at = 0
    for offset, length, text in chunks:
        assert (offset, length) == (at, len(text.encode()))
        at += length
    assert file.size == at


@pytest.mark.slow
def test_lines_come_while_the_run_writes_them(submit):
    """A line is written every 1.5 s: they arrive one after the other in rounds, not all together at the end."""
    run = finish(submit(lines=6, seconds=9)).target
    follow(run, lambda: run.status == "Running")
    counts = []
    while not run.is_final:
        row = mirror_once(run.workspace)
        counts.append(text_of(run).count("line "))
        time.sleep(max(0.0, min(1.0, (row.next_at - timezone.now()).total_seconds())))
        run.refresh_from_db()
    assert counts == sorted(counts)
    assert counts[-1] == 6
    assert len(set(counts)) >= 4


def test_a_failed_run_says_why_and_keeps_its_traceback(submit):
    run = complete(finish(submit(lines=13)).target)
    assert (run.status, run.is_final, run.error_code) == ("Failed", True, "run:failed")
    assert run.error_params["message"]
    assert "RuntimeError: thirteen lines are bad luck" in text_of(run)


@pytest.mark.slow
def test_metric_points_arrive_while_the_run_runs_and_once_each(submit):
    run = finish(submit(lines=8, seconds=8, metrics="accuracy")).target
    follow(run, lambda: MetricSeries.objects.filter(run=run, key="accuracy", point_count__gte=2).exists())
    assert not run.is_final
    complete(run)
    series = run.metrics.get(key="accuracy")
    points = list(series.points.values_list("position", "step", "value"))
    assert points == [(number, number, pytest.approx(0.5 + number / 10)) for number in range(8)]
    assert (series.point_count, series.last_value, series.last_step) == (8, pytest.approx(1.2), 7)


def test_a_job_made_outside_gets_a_row_with_its_log(workspace, azure, submit):
    inside = finish(submit()).target
    facts = azure_jobs.get(connected(workspace), inside.name)
    spec = JobRequest(
        name=f"outside-{new_public_id()}",
        display_name="By hand",
        experiment="elsewhere",
        command="echo from outside",
        code_id="",
        environment_id=Operation.objects.about(inside).get().plan["environment_id"],
        compute=facts.compute,
    )
    azure_jobs.create(connected(workspace), spec)
    mirror_once(workspace)
    run = Run.objects.get(name=spec.name)
    assert (run.display_name, run.experiment, run.recipe, run.requested_by) == ("By hand", "elsewhere", "", None)
    assert "from outside" in text_of(complete(run))


def test_a_submission_given_up_too_early_is_taken_up_again(workspace, submit):
    run = finish(submit()).target
    Run.objects.filter(pk=run.pk).update(status="Failed", is_final=True, arm_id="", error_code="ops:lost_track")
    run = complete(run)
    assert (run.status, run.error_code) == ("Completed", "")
    assert run.arm_id


def test_a_run_that_vanished_is_over_and_gone(workspace, azure):
    run = Run.objects.create(workspace=workspace, name=f"ghost-{new_public_id()}", status="Running", arm_id="/ghost")
    mirror_once(workspace)
    run.refresh_from_db()
    assert (run.is_final, run.gone_at is not None, run.error_code) == (True, True, "run:vanished")


def test_an_ended_run_that_azure_no_longer_lists_is_gone_until_it_is_listed_again(workspace, azure, completed):
    old = {"workspace": workspace, "status": "Completed", "is_final": True}
    archived = Run.objects.create(name=f"archived-{new_public_id()}", arm_id="/archived", **old)
    never_sent = Run.objects.create(name=f"never-{new_public_id()}", **(old | {"status": "Failed"}))
    Run.objects.update(created_at=timezone.now() - timedelta(days=1))
    Run.objects.filter(pk=completed.pk).update(gone_at=timezone.now())
    all_parts(workspace)
    for run, is_gone in ((archived, True), (never_sent, False), (completed, False)):
        run.refresh_from_db()
        assert (run.gone_at is not None) == is_gone, run.name


def test_endpoints_models_and_computes_made_outside_get_rows_and_vanish(workspace, azure, completed, alice):
    from ops.azure import models as azure_models

    name = f"o-{new_public_id()}"
    azure_endpoints.begin_create(connected(workspace), name, "key", {}, "")
    path = f"azureml://jobs/{completed.name}/outputs/artifacts/paths/outputs/model"
    azure_models.create(connected(workspace), name, "1", path, "custom_model", "", {}, {"accuracy": "0.5"})
    all_parts(workspace)
    endpoint = Endpoint.objects.get(name=name)
    assert (endpoint.state, endpoint.is_ours, endpoint.gone_at) == ("ready", False, None)
    assert endpoint.key_encrypted
    version = ModelVersion.objects.get(registered_model__name=name)
    assert (version.version, version.state, version.run, version.metrics) == (
        "1",
        "ready",
        completed,
        {"accuracy": 0.5},
    )
    compute = workspace.computes.create(name="old-cluster", kind="amlcompute", arm_id="/old", seen_at=timezone.now())
    azure_endpoints.begin_delete(connected(workspace), name)
    wait_until(lambda: name not in [facts.name for facts in azure_endpoints.list_endpoints(connected(workspace))])
    Endpoint.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    all_parts(workspace)
    endpoint.refresh_from_db()
    compute.refresh_from_db()
    assert endpoint.gone_at is not None
    assert compute.gone_at is not None


def all_parts(workspace) -> None:
    """Rounds until every slow part was read once."""
    Mirror.objects.filter(workspace=workspace).update(cursor={})
    for _ in rounds.PARTS:
        mirror_once(workspace)


def test_what_an_operation_is_changing_is_left_to_it(workspace, azure, begin):
    name = f"b-{new_public_id()}"
    azure_endpoints.begin_create(connected(workspace), name, "key", {}, "")
    endpoint = Endpoint.objects.create(workspace=workspace, name=name, state="creating", is_ours=True)
    operation = begin(Operation.Kind.DEPLOY, target=endpoint, lock_key=endpoint.lock_key)
    all_parts(workspace)
    endpoint.refresh_from_db()
    assert endpoint.state == "creating"
    Operation.objects.filter(pk=operation.pk).update(finished_at=timezone.now() - timedelta(seconds=30))
    all_parts(workspace)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.is_ours) == ("ready", True)
    azure_endpoints.begin_delete(connected(workspace), name)


def test_a_quiet_workspace_is_read_rarely_and_an_active_one_every_second(workspace, azure, begin):
    row = mirror_once(workspace)
    Run.objects.update(is_final=True)
    row = mirror_once(workspace)
    assert (row.next_at - timezone.now()).total_seconds() > 10
    assert row.seen_at is not None
    begin()
    row = mirror_once(workspace)
    assert (row.next_at - timezone.now()).total_seconds() <= 1


def test_throttling_delays_the_mirror_as_long_as_azure_asked(workspace, azure):
    azure.fault(method="GET", path="/jobs$", status=429, retry_after=90)
    row = mirror_once(workspace)
    assert 89 < (row.next_at - timezone.now()).total_seconds() < 100
    assert (row.error_code, row.attempts) == ("azure:throttled", 1)
    row = mirror_once(workspace)
    assert (row.error_code, row.attempts) == ("", 0)


def test_a_part_that_may_not_be_read_does_not_stop_the_others(workspace, azure, submit):
    run = finish(submit()).target
    for path in ("/computes$", "/onlineEndpoints$", "/models$"):
        azure.fault(method="GET", path=path, status=403, code="AuthorizationFailed", count=99)
    assert complete(run).status == "Completed"
    azure.clear_faults()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_every_call_of_a_round_may_fail(submit, azure, fault):
    run = finish(submit(lines=4, seconds=2, metrics="accuracy")).target
    for path in ("/jobs$", "/details$", "/runs/get", "/runs/search", "get-history", "std_log"):
        azure.fault(path=path, **fault)
    complete(run)
    assert text_of(run).count("line ") == 4
    assert run.metrics.get(key="accuracy").point_count == 4


def test_a_duplicate_message_and_one_for_a_workspace_that_was_let_go_are_dropped(workspace, azure, alice):
    turn = Mirror.objects.get(workspace=workspace).turn
    assert rounds.read(workspace.pk, turn) is not None
    assert rounds.read(workspace.pk, turn) is None
    workspaces.unregister(workspace, alice)
    assert mirror_once(workspace) is None


def test_a_log_is_mirrored_up_to_its_cap(submit, settings):
    settings.LOG_CAP_BYTES = 100
    run = complete(finish(submit(lines=40)).target)
    file = run.log_files.get(name=STD_LOG)
    assert file.is_capped
    assert file.size <= 100
    assert sum(chunk.length for chunk in file.chunks.all()) == file.size


def test_a_large_log_comes_in_bounded_pieces(submit, workspace, monkeypatch):
    run = complete(finish(submit(lines=3000)).target)
    text = text_of(run)
    assert text.count("line ") == 3000
    assert max(LogChunk.objects.filter(log_file__run=run).values_list("length", flat=True)) <= logs.CHUNK_BYTES


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (b"", b""),
        (b"abc", b"abc"),
        ("ä".encode()[:1], b""),
        (b"x" + "漢".encode()[:2], b"x"),
        (b"x" + "漢".encode(), b"x" + "漢".encode()),
        (b"x" + "😀".encode()[:3], b"x"),
        (b"\xff\xfe", b"\xff\xfe"),
        (b"\x80\x80\x80\x80\x80", b"\x80\x80\x80\x80\x80"),
    ],
)
def test_text_is_cut_between_characters(raw, whole):
    assert logs.whole_characters(raw) == whole


def test_pieces_are_cut_between_characters_and_lose_nothing():
    raw = ("漢" * 50_000).encode() + b"\xff" * 70_000
    found = list(logs.pieces(raw))
    assert b"".join(piece for _, piece in found) == raw
    assert all(len(piece) <= logs.CHUNK_BYTES for _, piece in found)
    assert found[0][1].decode()


def test_two_workers_append_a_log_once(workspace):
    run = Run.objects.create(workspace=workspace, name="twice")
    file = LogFile.objects.create(run=run, name=STD_LOG)
    late = LogFile.objects.get(pk=file.pk)
    assert logs._append(file, b"hello")
    assert not logs._append(late, b"hello")
    assert text_of(run) == "hello"
