"""Names that Azure does not take: each refusal tells the whole rule and what of it was broken."""

from __future__ import annotations

import pytest

from amlocal.web import names
from tests.amlocal.data_plane import DataPlane
from tests.amlocal_server import AmlocalServer

JOB = {"jobType": "Command", "command": "true", "environmentId": "azureml://none"}
AZURE = "Experiment name must be 1-256 characters, start with a letter or a number, and can only contain letters"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("feature/login", "contains '/'"),
        ("对象检测", "contains '对'"),
        ("a b", "contains ' '"),
        ("a.b", "contains '.'"),
        ("-x", "begins with '-'"),
        ("_x", "begins with '_'"),
        ("x\n", r"contains '\n'"),
        ("A" * 257, "has 257 characters"),
    ],
)
def test_an_experiment_has_a_name_that_azure_takes(plane: DataPlane, name: str, fault: str) -> None:
    job = plane.call("PUT", "", "jobs/unnamed", {"properties": {**JOB, "experimentName": name}})
    made = plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/experiments/create", {"name": name})
    assert (job.status_code, made.status_code) == (400, 400)
    for told in (job.json()["error"]["message"], made.json()["message"]):
        assert AZURE in told
        assert fault in told
    assert made.json()["error_code"] == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("name", ["x", "7", "a-b_C9-", "A" * 256])
def test_the_longest_and_the_shortest_name_of_an_experiment_are_taken(plane: DataPlane, name: str) -> None:
    assert plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/experiments/create", {"name": name}).ok


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("models/-a/versions/1", "'-a' begins with '-'"),
        (f"models/{'A' * 256}/versions/1", "has 256 characters"),
        ("models/a b/versions/1", "contains ' '"),
        ("models/.a", "begins with '.'"),
        ("models/good/versions/-1", "'-1' begins with '-'"),
        ("data/a:b/versions/1", "contains ':'"),
        ("environments/é/versions/1", "contains 'é'"),
        ("jobs/_a", "begins with '_'"),
        ("jobs/a.b", "contains '.'"),
        ("computes/1a", "begins with '1'"),
        ("computes/ab-", "ends with '-'"),
        ("computes/a", "has 1 character."),
        ("datastores/a-b", "contains '-'"),
        ("onlineEndpoints/a--b", "contains '--'"),
        ("onlineEndpoints/ab-", "ends with '-'"),
        (f"onlineEndpoints/{'a' * 33}", "has 33 characters"),
    ],
)
def test_a_refusal_names_the_rule_that_was_broken(plane: DataPlane, path: str, fault: str) -> None:
    own = {"computeType": "AmlCompute", "properties": {"vmSize": "Standard_DS3_v2"}, "authMode": "Key"}
    answer = plane.call("PUT", "", path, {"location": "eastus", "properties": {**JOB, **own}})
    assert answer.status_code == 400
    assert fault in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "fault"), [("-a", "begins with '-'"), ("A" * 256, "has 256 characters"), ("", "empty")]
)
def test_mlflow_registers_no_model_under_a_name_that_azure_does_not_take(
    plane: DataPlane, name: str, fault: str
) -> None:
    answer = plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/registered-models/create", {"name": name})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert fault in answer.json()["message"]


def test_a_name_of_many_characters_is_not_repeated_whole() -> None:
    told = names.ASSET.broken("A" * 100_000)
    assert "has 100000 characters" in told
    assert len(told) < 600
