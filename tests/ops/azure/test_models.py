import pytest

from ops.azure import models
from ops.azure.errors import AzureNotFound, AzureRejected
from tests.ops.azure.conftest import TAGS


def create(connection, name, version, run):
    path = f"azureml://jobs/{run}/outputs/artifacts/paths/outputs/model"
    properties = {"val_accuracy": "0.97"}
    return models.create(connection, name, version, path, "custom_model", "Digits.", TAGS, properties)


def test_a_version_is_registered_from_a_run(connection, server, run, name):
    digits = name("digits")
    made = create(connection, digits, "1", run)
    assert (made.name, made.version, made.kind) == (digits, "1", "custom_model")
    assert made.arm_id.endswith(f"/models/{digits}/versions/1")
    assert made.path
    assert made.tags == TAGS
    assert made.properties["val_accuracy"] == "0.97"
    assert made.created_at.tzinfo
    assert models.get(connection, digits, "1") == made
    assert len(server.requests("PUT", f"/models/{digits}/")) == 1


def test_the_next_version_is_azures_own_count(connection, run, name):
    digits = name("digits")
    assert models.next_version(connection, digits) == "1"
    create(connection, digits, "1", run)
    assert models.next_version(connection, digits) == "2"


def test_all_versions_of_all_models_are_listed(connection, run, name):
    first, second = name("first"), name("second")
    for model, version in ((first, "1"), (first, "2"), (second, "1")):
        create(connection, model, version, run)
    found = {(model.name, model.version) for model in models.list_models(connection)}
    assert {(first, "1"), (first, "2"), (second, "1")} <= found


def test_a_version_that_does_not_exist_is_not_found(connection):
    with pytest.raises(AzureNotFound):
        models.get(connection, "nobody", "1")


def test_a_run_without_those_files_is_rejected(connection, run, name):
    path = f"azureml://jobs/{run}/outputs/artifacts/paths/outputs/elsewhere"
    with pytest.raises(AzureRejected):
        models.create(connection, name("none"), "1", path, "custom_model", "", TAGS, {})
