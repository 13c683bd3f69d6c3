"""MLflow's searches, limits and refusals against amlocal, as a real MLflow server answers them; where Azure differs, as
Azure does. Flows of whole scripts are in test_mlflow.py."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from tests.amlocal.data_plane import DataPlane
from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def ask(plane: DataPlane, path: str, body: Any = None, method: str = "POST", **query: Any) -> requests.Response:
    return plane.call(method, "/mlflow/v2.0", f"api/2.0/mlflow/{path}", body, **query)


def refused(answer: requests.Response, code: str = "INVALID_PARAMETER_VALUE") -> str:
    """The sentence of a refusal."""
    assert answer.status_code in (400, 404), answer.text
    assert answer.json()["error_code"] == code
    return str(answer.json()["message"])


def make_experiment(plane: DataPlane, name: str = "", **more: Any) -> str:
    made = plane.mlflow("experiments/create", {"name": name or f"e-{uuid.uuid4().hex[:10]}", **more})
    return str(made["experiment_id"])


def make_run(plane: DataPlane, experiment: str, **more: Any) -> str:
    return str(plane.mlflow("runs/create", {"experiment_id": experiment, **more})["run"]["info"]["run_id"])


@pytest.fixture(scope="module")
def experiment(plane: DataPlane) -> str:
    """Six runs s0 to s5, whose scores are 3, 1, NaN, 2, Infinity and 2; s5 has no score of `half`."""
    made = make_experiment(plane)
    for number, score in enumerate((3, 1, "NaN", 2, "Infinity", 2)):
        run = make_run(plane, made, run_name=f"s{number}", start_time=1000 + number)
        points = [{"key": "score", "value": score, "timestamp": 1}]
        params = [{"key": "kind", "value": "AaBbab"[number]}, {"key": "n", "value": str(number)}]
        tags = [{"key": "with space.dot", "value": "it's" if number == 1 else "x and y = [z]"}]
        if number % 2:
            tags.append({"key": "odd", "value": "Yes%_"})
            points.append({"key": "half", "value": number / 2, "timestamp": 1})
        plane.mlflow("runs/log-batch", {"run_id": run, "metrics": points, "params": params, "tags": tags})
        plane.mlflow("runs/update", {"run_id": run, "status": "FINISHED", "end_time": 5000 - number})
    return made


def names(plane: DataPlane, experiment: str, **asked: Any) -> list[str]:
    found = plane.mlflow("runs/search", {"experiment_ids": [experiment], **asked})
    return [run["info"]["run_name"] for run in found["runs"]]


# What a server of MLflow 2.22 and 3.17 answers; of NaN, what IEEE 754 says: MLflow compares it as 0.
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("metrics.score > 1", "0345"),
        ("metrics.score != 2", "0124"),
        ("metrics.score < 1e3", "0135"),
        ("metrics.`half` >= .5", None),
        ("metrics.\nscore > 1", None),
        ("metric.score\n>\n1", "0345"),
        ("params.kind = 'a'", "14"),
        ('param.kind = "a"', "14"),
        ("params.kind != 'a'", "0235"),
        ("parameters.kind LIKE 'a%'", "14"),
        ("params.kind ILIKE 'A'", "014"),
        ("tags.odd LIKE '%es%'", "135"),
        ("tags.odd IS NULL", "024"),
        ("params.kind IS NOT NULL", "012345"),
        ("tags.`with space.dot` = 'x and y = [z]'", "02345"),
        ('tags."with space.dot" = "it\'s"', "1"),
        ("tags.`with space.dot` LIKE '%[z_'", "02345"),
        ("attributes.status = 'Finished' AND params.n = '3'", "3"),
        ("status LIKE 'FIN%' and status NOT IN ('FAILED')", "012345"),
        ("attributes.Created > 1003 AND end_time < 4998", "45"),
        ("attributes.`Run name` ILIKE 'S1'", "1"),
        ("tags.mlflow.runName IN ('s1', \"s2\")", None),
        ("run_name IN ('s1', \"s2\")", "12"),
        ("  metrics.score  >  1 and", "0345"),
        ("metrics.score > 1 and and params.n = '0'", None),
        ("metrics.score > 1 OR params.kind = 'A'", None),
        ("(metrics.score > 1)", None),
        ("metrics.score > 'a'", None),
        ("metrics.score LIKE '1'", None),
        ("metrics.score IS NULL", None),
        ("params.n > '3'", None),
        ("params.n = 3", None),
        ("params.kind == 'a'", None),
        ("params.kind = 'a", None),
        ("status > 'A'", None),
        ("run_id IN ()", None),
        ("run_id IN ('x' 'y')", None),
        ("metrics.score > 1; DROP TABLE runs", None),
        ("metrics.score > 1 -- x", None),
        ("trait.x = 1", None),
        ("lifecycle_stage = 'active'", None),
    ],
)
def test_a_filter_finds_what_mlflow_finds(plane: DataPlane, experiment: str, text: str, found: str | None) -> None:
    if found is None:
        refused(ask(plane, "runs/search", {"experiment_ids": [experiment], "filter": text}))
    else:
        assert names(plane, experiment, filter=text, order_by=["run_name"]) == [f"s{number}" for number in found]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (["metrics.score", "params.n"], "135042"),
        (["metrics.score DESC", "params.n DESC"], "405312"),
        (["metrics.half desc"], "531420"),
        (["params.kind ASC", "params.n DESC"], "024153"),
        (["attributes.end_time"], "543210"),
        (["start_time ASC"], "012345"),
        ([], "543210"),
        (["attributes.duration DESC"], "012345"),
        (["metrics.score FOO"], None),
        (["metrics.score desc,params.n"], None),
        (["params.n LIMIT 1"], None),
        (["metrics.score DESC; DROP"], None),
        ([""], None),
    ],
)
def test_an_order_is_mlflows_with_nan_after_the_numbers(
    plane: DataPlane, experiment: str, order: list[str], found: str | None
) -> None:
    if found is None:
        refused(ask(plane, "runs/search", {"experiment_ids": [experiment], "order_by": order}))
    else:
        assert names(plane, experiment, order_by=order) == [f"s{number}" for number in found]


def test_pages_of_an_ordered_search_join_without_gaps(plane: DataPlane, experiment: str) -> None:
    asked = {"experiment_ids": [experiment], "order_by": ["metrics.score DESC", "params.n"], "max_results": 4}
    first = plane.mlflow("runs/search", asked)
    second = plane.mlflow("runs/search", {**asked, "page_token": first["next_page_token"]})
    found = [run["info"]["run_name"] for run in first["runs"] + second["runs"]]
    assert found == ["s4", "s0", "s3", "s5", "s1", "s2"]
    assert "next_page_token" not in second
    for limit in (0, -1, 50_001):
        refused(ask(plane, "runs/search", {"experiment_ids": [experiment], "max_results": limit}))
    assert plane.mlflow("runs/search", {"experiment_ids": []})["runs"] == []


def test_experiments_are_found_by_name_tags_and_time(plane: DataPlane) -> None:
    mark = uuid.uuid4().hex[:10]
    for number in range(3):
        make_experiment(plane, f"{mark}-{number}", tags=[{"key": "team x", "value": "äb"[number % 2]}])

    def find(text: str, **more: Any) -> list[str]:
        body = {"filter": f"name LIKE '{mark}%' AND {text}", "order_by": ["name DESC"], **more}
        return [found["name"][-1] for found in plane.mlflow("experiments/search", body)["experiments"]]

    assert find("creation_time > 0") == ["2", "1", "0"]
    assert find("tags.`team x` = 'ä'") == ["2", "0"]
    assert find("tags.`team x` ILIKE 'B' and name != 'x'") == ["1"]
    assert find("last_update_time < 5") == []
    assert find("name ILIKE '%'", max_results=2) == ["2", "1"]
    for wrong in ({"filter": "foo = 'x'"}, {"filter": "name ~ 'x'"}, {"order_by": ["foo"]}, {"max_results": 0}):
        refused(ask(plane, "experiments/search", wrong))


def test_a_deleted_experiment_takes_its_runs_with_it_and_back(plane: DataPlane) -> None:
    made = make_experiment(plane)
    run = make_run(plane, made)
    plane.mlflow("experiments/delete", {"experiment_id": made})
    assert names(plane, made) == []
    assert len(names(plane, made, run_view_type="DELETED_ONLY")) == 1
    refused(ask(plane, "runs/create", {"experiment_id": made}))
    refused(ask(plane, "experiments/delete", {"experiment_id": made}), "RESOURCE_DOES_NOT_EXIST")
    refused(ask(plane, "runs/log-metric", {"run_id": run, "key": "a", "value": 1}))
    plane.mlflow("experiments/restore", {"experiment_id": made})
    assert len(names(plane, made)) == 1
    plane.mlflow("runs/log-metric", {"run_id": run, "key": "a", "value": 1})


def test_a_deleted_run_takes_nothing_more(plane: DataPlane) -> None:
    run = make_run(plane, make_experiment(plane))
    plane.mlflow("runs/set-tag", {"run_id": run, "key": "a", "value": "1"})
    plane.mlflow("runs/delete", {"run_id": run})
    pair = {"run_id": run, "key": "a", "value": "1"}
    for path in ("log-metric", "log-parameter", "set-tag", "delete-tag", "update", "log-batch"):
        assert "active" in refused(ask(plane, f"runs/{path}", pair))
    plane.mlflow("runs/restore", {"run_id": run})
    plane.mlflow("runs/delete-tag", pair)
    refused(ask(plane, "runs/delete-tag", pair), "RESOURCE_DOES_NOT_EXIST")


def test_what_azure_cannot_rename_is_not_renamed(plane: DataPlane, name: str) -> None:
    made = make_experiment(plane, f"{name}-kept")
    refused(ask(plane, "experiments/update", {"experiment_id": made, "new_name": f"{name}-other"}))
    assert plane.mlflow("experiments/get", experiment_id=made)["experiment"]["name"] == f"{name}-kept"
    plane.mlflow("registered-models/create", {"name": name})
    refused(ask(plane, "registered-models/rename", {"name": name, "new_name": f"{name}-other"}))


def test_a_batch_is_written_wholly_or_not_at_all(plane: DataPlane) -> None:
    run = make_run(plane, make_experiment(plane))
    plane.mlflow("runs/log-parameter", {"run_id": run, "key": "lr", "value": "1"})
    metrics = [{"key": "m", "value": 1, "timestamp": 1}]
    for params in (
        [{"key": "lr", "value": "2"}],
        [{"key": "q", "value": "1"}, {"key": "q", "value": "1"}],
        [{"key": f"p{number}", "value": "x"} for number in range(101)],
        [{"key": "k" * 256, "value": "x"}],
        [{"key": "", "value": "x"}],
    ):
        refused(ask(plane, "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params}))
    for points in ([*metrics, {"key": "", "value": 1}], [*metrics, {"key": "n"}], metrics * 1001):
        refused(ask(plane, "runs/log-batch", {"run_id": run, "metrics": points}))
    data = plane.mlflow("runs/get", run_id=run)["run"]["data"]
    assert data["metrics"] == []
    assert data["params"] == [{"key": "lr", "value": "1"}]


def test_a_run_has_at_most_200_params_as_on_azure(plane: DataPlane) -> None:
    run = make_run(plane, make_experiment(plane))
    for start in (0, 100):
        params = [{"key": f"p{number}", "value": "x"} for number in range(start, start + 100)]
        plane.mlflow("runs/log-batch", {"run_id": run, "params": params})
    answer = ask(plane, "runs/log-parameter", {"run_id": run, "key": "p200", "value": "x"})
    assert "FieldName=Parameters, Limit=200, Size=201." in refused(answer)
    plane.mlflow("runs/log-parameter", {"run_id": run, "key": "p199", "value": "x"})


def test_the_last_value_is_that_of_the_highest_step_time_and_value(plane: DataPlane) -> None:
    run = make_run(plane, make_experiment(plane))
    for key, value, step, at in [
        ("a", 1, 0, 5), ("a", 2, 0, 4),
        ("b", 1, 1, 5), ("b", 3, 1, 5), ("b", 2, 1, 5),
        ("c", "NaN", 1, 5), ("c", -4, 1, 5), ("c", "NaN", 1, 5),
        ("d", 7, -5, 9), ("d", 8, -6, 10),
    ]:  # fmt: skip
        plane.mlflow("runs/log-metric", {"run_id": run, "key": key, "value": value, "step": step, "timestamp": at})
    last = {one["key"]: one["value"] for one in plane.mlflow("runs/get", run_id=run)["run"]["data"]["metrics"]}
    assert last == {"a": 1, "b": 3, "c": -4, "d": 7}


def test_a_grandchild_knows_its_root(plane: DataPlane) -> None:
    made = make_experiment(plane)
    root = make_run(plane, made)
    run = root
    for _ in range(2):
        run = make_run(plane, made, tags=[{"key": "mlflow.parentRunId", "value": run}])
    tags = {tag["key"]: tag["value"] for tag in plane.mlflow("runs/get", run_id=run)["run"]["data"]["tags"]}
    assert tags["mlflow.rootRunId"] == root


@pytest.fixture(scope="module")
def model(plane: DataPlane) -> str:
    """A registered model with three versions; the second is tagged and in production."""
    name = f"m-{uuid.uuid4().hex[:10]}"
    run = make_run(plane, make_experiment(plane))
    path = f"api/2.0/mlflow-artifacts/artifacts/x/{run}/artifacts/model/MLmodel"
    assert plane.call("PUT", "/mlflow/v2.0", path, {"flavors": {}}).status_code == 200
    plane.mlflow("registered-models/create", {"name": name, "tags": [{"key": "k", "value": "v"}]})
    for _ in range(3):
        plane.mlflow("model-versions/create", {"name": name, "source": f"runs:/{run}/model", "run_id": run})
    plane.mlflow("model-versions/set-tag", {"name": name, "version": "2", "key": "x", "value": "y"})
    plane.mlflow("model-versions/transition-stage", {"name": name, "version": "2", "stage": "production"})
    return name


def test_models_and_versions_are_searched_by_everything_mlflow_names(plane: DataPlane, model: str) -> None:
    def models(text: str, **more: Any) -> list[str]:
        found = plane.mlflow("registered-models/search", filter=text, **more)["registered_models"]
        return [one["name"] for one in found]

    # MLflow's client adds the last condition by itself, to leave out prompts.
    for text in (f"name = '{model}'", f"name ILIKE '{model.upper()}' AND tags.`mlflow.prompt.is_prompt` != 'true'"):
        assert models(text) == [model]
        assert models(f"{text} AND tags.k = 'v'", order_by=["name DESC", "timestamp ASC"]) == [model]
    assert models(f"name = '{model}' and tags.k = 'other'") == []

    def versions(text: str, **more: Any) -> list[str]:
        found = plane.mlflow("model-versions/search", filter=f"name = '{model}'{text}", **more)["model_versions"]
        return [one["version"] for one in found]

    assert versions("") == ["3", "2", "1"]
    assert versions(" and version_number < 3", order_by=["version_number ASC"]) == ["1", "2"]
    assert versions(" AND tags.x = 'y'") == ["2"]
    run = plane.mlflow("model-versions/get", name=model, version="1")["model_version"]["run_id"]
    assert versions(f" AND run_id IN ('{run}', 'x')", max_results=2, order_by="version_number DESC") == ["3", "2"]
    for path in ("registered-models/search", "model-versions/search"):
        for text in ("foo = 'x'", "name ~ 'x'", "metrics.a > 1"):
            refused(ask(plane, path, method="GET", filter=text))
        refused(ask(plane, path, method="GET", order_by="foo"))


def test_stages_and_aliases_follow_mlflows_rules(plane: DataPlane, model: str) -> None:
    order = {"name": model, "version": "3", "stage": "Production", "archive_existing_versions": True}
    assert plane.mlflow("model-versions/transition-stage", order)["model_version"]["current_stage"] == "Production"
    latest = plane.mlflow("registered-models/get-latest-versions", {"name": model})["model_versions"]
    found = {one["current_stage"]: one["version"] for one in latest}
    assert found == {"Production": "3", "Archived": "2", "None": "1"}
    refused(ask(plane, "model-versions/transition-stage", {**order, "stage": "Foo"}))
    refused(ask(plane, "registered-models/get-latest-versions", {"name": model, "stages": ["Foo"]}))
    for alias in ("latest", "v1", ""):
        refused(ask(plane, "registered-models/alias", {"name": model, "alias": alias, "version": "1"}))
    plane.mlflow("registered-models/alias", {"name": model, "alias": "champ", "version": "3"})
    assert ask(plane, "model-versions/delete", {"name": model, "version": "3"}, "DELETE").status_code == 200
    refused(ask(plane, "registered-models/alias", method="GET", name=model, alias="champ"))
    assert plane.mlflow("registered-models/get", name=model)["registered_model"]["aliases"] == []


def test_a_first_version_brings_its_model(plane: DataPlane, model: str) -> None:
    source = plane.mlflow("model-versions/get", name=model, version="1")["model_version"]["source"]
    made = plane.mlflow("model-versions/create", {"name": f"{model}-first", "source": source})["model_version"]
    assert made["version"] == "1"
    assert plane.mlflow("registered-models/get", name=f"{model}-first")["registered_model"]["aliases"] == []
    refused(ask(plane, "model-versions/create", {"name": "a/b", "source": source}))


def test_a_version_can_be_copied_to_another_model(plane: DataPlane, model: str) -> None:
    other = f"{model}-copy"
    plane.mlflow("registered-models/create", {"name": other})
    made = plane.mlflow("model-versions/create", {"name": other, "source": f"models:/{model}/1"})["model_version"]
    assert (made["version"], made["status"]) == ("1", "READY")
    refused(
        ask(plane, "model-versions/create", {"name": other, "source": f"models:/{model}/77"}), "RESOURCE_DOES_NOT_EXIST"
    )
