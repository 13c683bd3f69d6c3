"""Queueing from a recipe: typed parameters, a known compute, uploads kept; cancel and retry."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ops.errors import InvalidParameter, Refused, WrongState
from ops.models import InputFile, Operation, Run
from ops.services import runs

pytestmark = pytest.mark.django_db
PARAMETERS = {"epochs": "3", "batch_size": "32", "learning_rate": "0.01", "seed": "1", "train_limit": "0"}


def submit(workspace, by, **changed):
    given = {"recipe": "mnist-keras", "parameters": PARAMETERS, "compute": "cpu-cluster", **changed}
    return runs.submit(workspace=workspace, by=by, **given)


def end(run, status):
    Run.objects.filter(pk=run.pk).update(status=status, is_final=True)
    Operation.objects.about(run).update(finished_at=timezone.now(), state="succeeded")
    run.refresh_from_db()


def test_a_run_is_a_row_with_typed_parameters_and_an_operation(workspace, alice):
    operation = submit(workspace, alice)
    run = operation.target
    assert run.parameters["epochs"] == 3
    assert run.parameters["learning_rate"] == 0.01
    assert run.status == Run.SUBMITTING
    assert run.name.startswith("mnist-keras-")
    assert [change.status for change in run.status_changes.all()] == [Run.SUBMITTING]


@pytest.mark.parametrize("value", ["", "three", "0", "101", "2.5", "nan"])
def test_a_wrong_parameter_names_its_field_and_makes_nothing(workspace, alice, value):
    with pytest.raises(InvalidParameter) as refused:
        submit(workspace, alice, parameters={**PARAMETERS, "epochs": value})
    assert refused.value.field == "epochs"
    assert not Run.objects.exists()


def test_a_number_that_is_not_finite_is_refused(workspace, alice):
    with pytest.raises(InvalidParameter):
        submit(workspace, alice, parameters={**PARAMETERS, "learning_rate": "nan"})


def test_an_unknown_compute_or_recipe_is_refused(workspace, alice):
    with pytest.raises(InvalidParameter):
        submit(workspace, alice, compute="gpu-cluster")
    with pytest.raises(Refused):
        submit(workspace, alice, recipe="../ops")


def test_uploaded_files_wait_with_the_run(workspace, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    files = {"data": [SimpleUploadedFile("train-images-idx3-ubyte.gz", b"1234")]}
    run = submit(workspace, alice, files=files).target
    kept = InputFile.objects.get(run=run)
    assert (kept.input_name, kept.name, kept.size) == ("data", "train-images-idx3-ubyte.gz", 4)
    with kept.file.open() as file:
        assert file.read() == b"1234"


def test_too_many_bytes_are_refused(workspace, alice, settings):
    settings.UPLOAD_INPUT_BYTES = 3
    with pytest.raises(InvalidParameter) as refused:
        submit(workspace, alice, files={"data": [SimpleUploadedFile("a", b"1234")]})
    assert refused.value.field == "data"


def test_a_run_not_yet_sent_is_cancelled_by_cancelling_its_submission(workspace, alice):
    operation = submit(workspace, alice)
    assert runs.cancel(operation.target, alice).pk == operation.pk
    operation.refresh_from_db()
    assert operation.cancel_requested_at


def test_a_run_in_azure_gets_a_cancel_operation_and_a_finished_one_none(workspace, alice):
    operation = submit(workspace, alice)
    Operation.objects.update(finished_at=timezone.now(), state="succeeded")
    assert runs.cancel(operation.target, alice).kind == Operation.Kind.CANCEL_RUN
    end(operation.target, "Completed")
    with pytest.raises(WrongState):
        runs.cancel(operation.target, alice)


def test_a_retry_is_a_new_linked_run_with_the_same_files(workspace, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    run = submit(workspace, alice, files={"data": [SimpleUploadedFile("a.gz", b"1")]}).target
    with pytest.raises(WrongState):
        runs.retry(run, alice)
    end(run, "Failed")
    again = runs.retry(run, alice).target
    assert (again.retry_of, again.parameters) == (run, run.parameters)
    assert again.name != run.name
    assert again.input_files.get().file.name == run.input_files.get().file.name
