"""Registering a model version of a finished run's files."""

import pytest
from django.utils import timezone

from accounts.ids import new_public_id
from ops.models import ModelVersion, Operation, Run
from ops.services import operations, versions
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


@pytest.fixture
def name() -> str:
    return f"model-{new_public_id()}"


def version_of(operation: Operation) -> ModelVersion:
    return ModelVersion.objects.get(pk=operation.target_id)


def test_a_version_has_azures_number_and_the_runs_files(completed, name, alice, azure):
    operation = finish(versions.register(run=completed, by=alice, name=name))
    assert (operation.state, operation.error_code, operation.error_params) == (State.SUCCEEDED, "", {})
    version = version_of(operation)
    assert (version.version, version.state, version.kind) == ("1", ModelVersion.State.READY, "custom_model")
    assert version.arm_id.lower().endswith(f"/models/{name}/versions/1")
    assert version.spec == {"format": "pixels/v1", "labels": ["a", "b"]}
    kept = {file.path: (file.size, file.file.read()) for file in version.files.all()}
    assert kept["weights.bin"] == (1000, b"w" * 1000)
    assert set(kept) == {"model.json", "weights.bin"}
    assert [(sample.label, sample.file.read()) for sample in version.samples.all()] == [
        ("a", b"png a"),
        ("b", b"png b"),
    ]
    (put,) = puts(azure, f"/models/{name}/versions/1$")
    assert put["tags"]["portolan-operation"] == operation.public_id
    assert put["tags"]["portolan-run"] == completed.name


def test_the_second_version_is_two(completed, name, alice):
    finish(versions.register(run=completed, by=alice, name=name))
    finish(versions.register(run=completed, by=alice, name=name))
    versions_there = ModelVersion.objects.filter(registered_model__name=name)
    assert sorted(versions_there.values_list("version", flat=True)) == ["1", "2"]


def test_a_run_that_logged_metrics_hands_its_last_values_on(submit, alice, azure, workspace):
    run = complete(finish(submit(metrics="accuracy")).target)
    operation = versions.register(run=run, by=alice, name=f"m-{run.name}")
    ModelVersion.objects.update(metrics={})
    finish(operation)
    version = version_of(operation)
    assert version.metrics == {"accuracy": 0.7, "loss": pytest.approx(1 / 3)}
    assert version.main_metric_value == 0.7
    from ops.azure import models

    assert models.get(connected(workspace), f"m-{run.name}", "1").properties["accuracy"] == "0.7"


def test_a_worker_killed_around_every_step_makes_the_version_and_its_files_once(completed, name, alice, azure):
    operation = finish_with_crashes(versions.register(run=completed, by=alice, name=name))
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    version = version_of(operation)
    assert (version.version, version.files.count(), version.samples.count()) == ("1", 2, 2)
    assert len(puts(azure, f"/models/{name}/versions/")) == 1


def test_an_answer_lost_after_the_version_was_made_makes_no_second_one(completed, name, alice, azure):
    azure.fault(method="PUT", path=f"/models/{name}/versions/", lose=True)
    operation = finish(versions.register(run=completed, by=alice, name=name))
    assert operation.state == State.SUCCEEDED
    assert len(azure.requests("PUT", f"/models/{name}/versions/")) == 1


def test_a_number_that_somebody_took_meanwhile_is_left_to_them(completed, name, alice, azure, workspace):
    from ops.azure import models

    operation = versions.register(run=completed, by=alice, name=name)
    while operation.step != "create_version":
        advance(operation)
    path = f"azureml://jobs/{completed.name}/outputs/artifacts/paths/outputs/model"
    azure.fault(method="PUT", path=f"/models/{name}/versions/1", drop=True)
    advance(operation)
    assert operation.plan["version"] == "1"
    models.create(connected(workspace), name, "1", path, "custom_model", "", {"owner": "somebody"}, {})
    finish(operation)
    assert (operation.state, operation.plan["version"]) == (State.SUCCEEDED, "2")
    assert dict(models.get(connected(workspace), name, "1").tags) == {"owner": "somebody"}
    assert ("phase", "phase:number_taken") in story(operation)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 2}, {"drop": True}])
def test_every_call_may_fail_once(completed, name, alice, azure, fault):
    for method, path in (
        ("GET", "/mlflow/runs/get"),
        ("GET", "/datastores/"),
        ("POST", "/listSecrets$"),
        ("GET", "blob.core.*workspaceartifactstore|/azureml"),
        ("GET", f"/models/{name}$"),
        ("GET", f"/models/{name}/versions/"),
        ("PUT", f"/models/{name}/versions/"),
        ("GET", "samples.json$"),
        ("GET", "weights.bin$"),
    ):
        azure.fault(method=method, path=path, **fault)
    operation = finish(versions.register(run=completed, by=alice, name=name))
    assert (operation.state, operation.error_code, operation.error_params) == (State.SUCCEEDED, "", {})
    left = [order["path"] for order in azure.faults()]
    assert left in ([], ["/mlflow/runs/get"])
    assert len(puts(azure, f"/models/{name}/versions/")) == 1


@pytest.mark.slow
def test_a_run_without_model_files_fails_with_a_code(submit, alice):
    run = complete(finish(submit(lines=13)).target)
    assert run.status == "Failed"
    Run.objects.filter(pk=run.pk).update(status="Completed")
    run.refresh_from_db()
    operation = finish(versions.register(run=run, by=alice, name=f"m-{run.name}"))
    assert (operation.state, operation.error_code) == (State.FAILED, "version:no_files")
    assert version_of(operation).state == ModelVersion.State.FAILED


def test_a_retry_after_a_failure_goes_on_with_the_same_row(completed, name, alice, azure):
    azure.fault(method="PUT", path=f"/models/{name}/versions/", status=400, code="Bad", message="no")
    operation = finish(versions.register(run=completed, by=alice, name=name))
    assert version_of(operation).state == ModelVersion.State.FAILED
    assert finish(operations.retry(operation, alice)).state == State.SUCCEEDED
    assert version_of(operation).state == ModelVersion.State.READY


def test_past_the_deadline_a_version_that_azure_has_is_adopted(completed, name, alice, azure):
    operation = versions.register(run=completed, by=alice, name=name)
    while operation.step != "create_version":
        advance(operation)
    crash_after(operation)
    Operation.objects.filter(pk=operation.pk).update(deadline_at=timezone.now())
    assert finish(operation).state == State.SUCCEEDED
    assert len(puts(azure, f"/models/{name}/versions/")) == 1
    assert version_of(operation).state == ModelVersion.State.READY


def test_cancelled_before_azure_heard_of_it_no_version_is_made(completed, name, alice, azure):
    operation = versions.register(run=completed, by=alice, name=name)
    advance(operation)
    operations.cancel(operation, alice)
    assert finish(operation).state == State.CANCELLED
    assert puts(azure, f"/models/{name}/") == []
    assert version_of(operation).state == ModelVersion.State.FAILED
