"""What is logged under a name or with a value that MLflow's own server does not take."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.amlocal.data_plane import DataPlane
from tests.amlocal_server import AmlocalServer

CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and"
    " slashes (/)."
)
PATH = "Names may be treated as files in certain cases, and must not resolve to other names"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.fixture(scope="module")
def run(plane: DataPlane) -> str:
    experiment = plane.mlflow("experiments/create", {"name": "mlflow-names"})["experiment_id"]
    return str(plane.mlflow("runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"])


def log(plane: DataPlane, path: str, body: dict[str, Any]) -> requests.Response:
    return plane.call("POST", "/mlflow/v2.0", f"api/2.0/mlflow/{path}", body)


def refused(answer: requests.Response) -> str:
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), answer.text
    return str(answer.json()["message"])


BAD_NAMES = [
    ("val/AR@100", CHARACTERS),
    ("timing(s)/gen", CHARACTERS),
    ("50%", CHARACTERS),
    ("a\nb", CHARACTERS),
    ("a//b", f"{PATH} when treated as such. This name would resolve to 'a/b'"),
    ("../up", f"{PATH} when treated as such. This name would resolve to '../up'"),
    ("./a", "This name would resolve to 'a'"),
    ("a/", "This name would resolve to 'a'"),
    ("/a", "This name would resolve to '/a'"),
    ("..a", "This name would resolve to '..a'"),
    (".", "This name would resolve to '.'"),
    ("", "A key name must be provided."),
    ("x" * 251, "exceeds the maximum length of 250 characters"),
]


@pytest.mark.parametrize(("name", "told"), BAD_NAMES)
def test_a_name_that_mlflow_does_not_take_is_refused_in_its_words(
    plane: DataPlane, run: str, name: str, told: str
) -> None:
    point = {"key": name, "value": 1.0, "timestamp": 1}
    assert told in refused(log(plane, "runs/log-metric", {"run_id": run, **point}))
    assert told in refused(log(plane, "runs/log-parameter", {"run_id": run, "key": name, "value": "x"}))
    assert told in refused(log(plane, "runs/set-tag", {"run_id": run, "key": name, "value": "x"}))
    good = {"key": "good", "value": 1.0, "timestamp": 1}
    batch = refused(log(plane, "runs/log-batch", {"run_id": run, "metrics": [good, point]}))
    assert told in batch
    assert "metrics[1].name" in batch or "Metric name" in batch
    assert "good" not in str(plane.mlflow("runs/get", run_id=run)["run"]["data"]["metrics"]), "all or nothing"


@pytest.mark.parametrize("name", ["val/accuracy", "a b", "a:b", "a.b-c_d", "损失", ".a", "x" * 250])
def test_other_names_are_taken(plane: DataPlane, run: str, name: str) -> None:
    assert log(plane, "runs/log-metric", {"run_id": run, "key": name, "value": 1.0, "timestamp": 1}).ok
    assert log(plane, "runs/log-parameter", {"run_id": run, "key": name, "value": "x"}).ok


@pytest.mark.parametrize(
    ("path", "limit", "told"),
    [("runs/log-parameter", 6000, "'Param value' exceeds"), ("runs/set-tag", 8000, "'value' exceeds")],
)
def test_a_value_that_is_too_long_is_refused_not_cut(
    plane: DataPlane, run: str, path: str, limit: int, told: str
) -> None:
    sentence = refused(log(plane, path, {"run_id": run, "key": "long", "value": "x" * (limit + 1)}))
    assert sentence == f"{told} the maximum length of {limit} characters"
    assert log(plane, path, {"run_id": run, "key": "long", "value": "x" * limit}).ok


@pytest.mark.parametrize("value", [None, True, "many", [1], {"a": 1}, "inf"])
def test_a_metric_is_a_number(plane: DataPlane, run: str, value: Any) -> None:
    told = refused(log(plane, "runs/log-metric", {"run_id": run, "key": "m", "value": value, "timestamp": 1}))
    assert "'value'" in told


@pytest.mark.parametrize("value", [1, 0.5, "2.5", "NaN", "Infinity", "-Infinity"])
def test_numbers_are_taken_as_protobuf_spells_them(plane: DataPlane, run: str, value: Any) -> None:
    assert log(plane, "runs/log-metric", {"run_id": run, "key": "spelled", "value": value, "timestamp": 1}).ok


def test_the_tags_of_experiments_and_models_have_the_same_names(plane: DataPlane) -> None:
    bad = {"key": "a//b", "value": "x"}
    assert PATH in refused(log(plane, "experiments/create", {"name": "tagged", "tags": [bad]}))
    assert PATH in refused(log(plane, "registered-models/create", {"name": "tagged", "tags": [bad]}))
    plane.mlflow("registered-models/create", {"name": "tagged"})
    assert PATH in refused(log(plane, "registered-models/set-tag", {"name": "tagged", **bad}))


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        ("a b", "Invalid alias name: 'a b'"),
        ("Latest", "'latest' alias name (case insensitive) is reserved."),
        ("v1", "Version alias name 'v1' is reserved."),
        ("x" * 256, "exceeds the maximum length of 255"),
    ],
)
def test_an_alias_is_refused_in_mlflows_words(plane: DataPlane, alias: str, told: str) -> None:
    assert told in refused(log(plane, "registered-models/alias", {"name": "aliased", "alias": alias, "version": "1"}))
