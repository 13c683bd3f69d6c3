"""Sending a run to Azure and cancelling it, against a real job on amlocal."""

import shutil

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ops import recipes
from ops.models import Operation, Run
from ops.opening import columns_about
from ops.services import operations, runs, versions
from tests.ops.conftest import (
    advance,
    complete,
    connected,
    crash_after,
    finish,
    finish_with_crashes,
    puts,
    story,
)

pytestmark = pytest.mark.django_db
State = Operation.State


def test_a_run_is_accepted_by_azure(submit, azure):
    operation = finish(submit())
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    run = Run.objects.get()
    assert run.arm_id.lower().endswith(f"/jobs/{run.name}")
    assert run.status != Run.SUBMITTING
    assert not run.is_final
    assert [step for kind, step in story(operation) if kind == "step"] == [
        "upload_code",
        "ensure_environment",
        "upload_inputs",
        "create_job",
    ]
    job = azure.requests("PUT", f"/jobs/{run.name}$")
    assert [entry["tags"]["portolan-operation"] for entry in job] == [operation.public_id]


def test_uploaded_files_reach_the_job(submit):
    files = {"data": [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b" * 5000)]}
    operation = finish(submit(files=files))
    assert operation.state == State.SUCCEEDED
    run = complete(operation.target)
    log = "".join(chunk.text for chunk in run.log_files.get(name="user_logs/std_log.txt").chunks.all())
    assert "data: ['a.txt', 'b.txt']" in log


def test_a_worker_killed_around_every_step_makes_each_thing_once(submit, azure):
    operation = finish_with_crashes(submit(files={"data": [SimpleUploadedFile("a.txt", b"once")]}))
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    name = operation.target.name
    assert len(puts(azure, f"/jobs/{name}$")) == 1
    assert len(puts(azure, "/codes/[^/]+/versions/1$")) == 1
    assert len(puts(azure, "/environments/portolan-quick/versions/")) == 1
    assert len(puts(azure, "/data/portolan-quick-data/versions/")) == 1


def test_an_answer_lost_after_the_job_was_made_makes_no_second_one(submit, azure):
    operation = submit()
    azure.fault(method="PUT", path=f"/jobs/{operation.target.name}$", lose=True)
    finish(operation)
    assert operation.state == State.SUCCEEDED
    assert len(azure.requests("PUT", f"/jobs/{operation.target.name}$")) == 1
    assert ("waiting", "azure:unreachable") in story(operation)


def test_a_strangers_job_of_that_name_is_left_alone(submit, azure):
    operation = submit()
    while operation.step != "create_job":
        advance(operation)
    mine = Run.objects.create(workspace=operation.workspace, name="x", spec=operation.target.spec)
    first = Operation.objects.create(
        kind=operation.kind,
        **columns_about(mine),
        lock_key="x",
        deadline_at=operation.deadline_at,
        plan=operation.plan,
        step="create_job",
    )
    Run.objects.filter(pk=mine.pk).update(name=operation.target.name + "-2", compute="cpu-cluster", experiment="quick")
    finish(first)
    assert first.state == State.SUCCEEDED
    Run.objects.filter(pk=mine.pk).update(name="elsewhere")
    Run.objects.filter(pk=operation.target.pk).update(name=operation.target.name + "-2")
    finish(operation)
    assert (operation.state, operation.error_code) == (State.FAILED, "run:name_taken")
    run = Run.objects.get(pk=operation.target.pk)
    assert (run.status, run.is_final, run.error_code) == (Run.FAILED, True, "run:name_taken")
    assert run.status_changes.last().status == Run.FAILED


def test_what_azure_rejects_fails_the_run_with_azures_sentence(submit, azure):
    operation = submit()
    azure.fault(method="PUT", path="/jobs/", status=400, code="InvalidCompute", message="The compute is away.")
    finish(operation)
    assert (operation.state, operation.error_code) == (State.FAILED, "azure:rejected")
    run = Run.objects.get()
    assert (run.status, run.is_final, run.error_params["message"]) == ("Failed", True, "The compute is away.")


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}, {"drop": True}])
def test_every_call_may_fail_once(submit, azure, fault):
    files = {"data": [SimpleUploadedFile("a.txt", str(fault).encode())]}
    for method, path in (
        ("GET", "/codes/"),
        ("POST", "/startPendingUpload$"),
        ("PUT", "/codes/"),
        ("GET", "/environments/"),
        ("PUT", "/environments/"),
        ("GET", "/data/"),
        ("GET", "/datastores/"),
        ("POST", "/listSecrets$"),
        ("PUT", "blob.core"),
        ("PUT", "/data/"),
        ("GET", "/jobs/"),
        ("PUT", "/jobs/"),
    ):
        azure.fault(method=method, path=path, **fault)
    operation = finish(submit(files=files))
    assert (operation.state, operation.error_code, operation.error_params) == (State.SUCCEEDED, "", {})
    assert azure.faults() == []
    assert len(puts(azure, f"/jobs/{operation.target.name}$")) == 1


def test_a_retry_after_delays_this_operation_only(submit, azure):
    operation, other = submit(), submit()
    azure.fault(method="GET", path="/codes/", status=429, retry_after=90)
    advance(operation)
    assert (operation.next_try_at - timezone.now()).total_seconds() > 85
    assert operation.state == State.RUNNING
    assert finish(other).state == State.SUCCEEDED


def test_cancelled_before_it_was_sent_nothing_reaches_azure(submit, azure, alice):
    operation = submit()
    advance(operation)
    runs.cancel(operation.target, alice)
    finish(operation)
    assert operation.state == State.CANCELLED
    run = Run.objects.get()
    assert (run.status, run.is_final) == (Run.CANCELED, True)
    assert azure.requests("PUT", "/jobs/") == []


def test_cancelled_while_the_job_was_being_made_the_job_is_cancelled(submit, azure, alice):
    operation = submit(seconds=60)
    while operation.step != "create_job":
        advance(operation)
    crash_after(operation)
    operations.cancel(operation, alice)
    finish(operation)
    assert operation.state == State.CANCELLED
    assert azure.requests("POST", f"/jobs/{operation.target.name}/cancel$")
    assert complete(operation.target).status == "Canceled"


def test_a_running_job_is_cancelled(submit, alice, workspace):
    run = finish(submit(seconds=60)).target
    operation = finish(runs.cancel(run, alice))
    assert operation.state == State.SUCCEEDED
    assert complete(run).status == "Canceled"


def test_a_worker_killed_around_every_step_of_a_cancel(submit, alice):
    run = finish(submit(seconds=60)).target
    assert finish_with_crashes(runs.cancel(run, alice)).state == State.SUCCEEDED


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}])
def test_every_call_of_a_cancel_may_fail_once(submit, alice, azure, fault):
    run = finish(submit(seconds=60)).target
    azure.fault(method="GET", path=f"/jobs/{run.name}$", **fault)
    azure.fault(method="POST", path="/cancel$", **fault)
    assert finish(runs.cancel(run, alice)).state == State.SUCCEEDED
    assert azure.faults() == []


def test_past_the_deadline_a_job_that_azure_has_is_adopted(submit, workspace):
    operation = submit()
    while operation.step != "create_job":
        advance(operation)
    crash_after(operation)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=timezone.now())
    finish(operation)
    assert operation.state == State.SUCCEEDED
    assert ("step", "reconcile") in story(operation)


def test_past_the_deadline_a_job_that_azure_has_not_is_lost_track_of_and_can_be_retried(submit, alice, azure):
    operation = submit()
    Operation.objects.filter(pk=operation.pk).update(deadline_at=timezone.now())
    finish(operation)
    assert operation.state == State.LOST_TRACK
    assert Run.objects.get().status == Run.FAILED
    again = finish(operations.retry(operation, alice))
    assert (again.state, again.retry_of) == (State.SUCCEEDED, operation)
    run = complete(operation.target)
    assert (run.status, run.error_code) == ("Completed", "")


def test_a_cancelled_submission_that_is_retried_runs_after_all(submit, alice):
    operation = submit()
    runs.cancel(operation.target, alice)
    finish(operation)
    again = operations.retry(operation, alice)
    advance(again)
    run = Run.objects.get(pk=operation.target.pk)
    assert (run.status, run.is_final) == (Run.SUBMITTING, False)
    finish(again)
    assert complete(run).status == "Completed"


def test_a_connection_is_reused_by_all_steps(workspace, azure):
    assert connected(workspace) is connected(workspace)


def test_a_recipe_edited_after_the_click_changes_nothing_that_is_queued(submit, quick):
    """What was asked for is what runs: code, command and environment were frozen with the click."""
    operation = submit(files={"data": [SimpleUploadedFile("a.txt", b"a")]})
    folder = quick / "recipes" / "quick"
    (folder / "train.py").write_text("raise SystemExit('the new code ran')")
    declared = folder / "recipe.toml"
    declared.write_text(declared.read_text().replace("python train.py", "python new.py"))
    (folder / "conda.yml").write_text("name: new\ndependencies: [python=3.12]\n")
    recipes._read.cache_clear()
    run = complete(finish(operation).target)
    log = "".join(chunk.text for chunk in run.log_files.get(name="user_logs/std_log.txt").chunks.all())
    assert (run.status, "data: ['a.txt']" in log, "the new code ran" in log) == ("Completed", True, False)
    assert run.job_spec.command.startswith("python train.py --lines")


def test_a_run_whose_recipe_is_gone_is_repeated_and_registered(submit, quick, alice):
    run = complete(finish(submit()).target)
    shutil.rmtree(quick / "recipes" / "quick")
    recipes._read.cache_clear()
    again = complete(finish(runs.retry(run, alice)).target)
    assert (again.status, again.spec, again.retry_of) == ("Completed", run.spec, run)
    registered = finish(versions.register(run=run, by=alice, name=f"m-{run.name}"))
    assert (registered.state, registered.target.main_metric) == (State.SUCCEEDED, "accuracy")
