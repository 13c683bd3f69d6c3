"""MLflow against amlocal: inside jobs through azureml-mlflow, outside through plain mlflow, and the REST that the
portal reads."""

from __future__ import annotations

import math
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import SCORING_PYTHON, AmlocalServer, wait_for

KERAS = """
import mlflow, numpy, keras, time
mlflow.keras.autolog(log_models=False)
x = numpy.random.rand(200, 8).astype("float32"); y = (x.sum(axis=1) > 4).astype("int32")
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.7)
with mlflow.start_run():
    mlflow.log_metric("early", 0.5, step=0)
    model.fit(x, y, epochs=6, validation_split=0.2, verbose=2, callbacks=[Slow()])
    mlflow.log_metric("late", 1.5)
    model.save("model.keras")
    mlflow.log_artifacts(".", artifact_path="model")
"""
SKLEARN = """
import mlflow
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
mlflow.autolog(log_models=False, log_datasets=False)
x, y = load_iris(return_X_y=True)
DecisionTreeClassifier(max_depth=3).fit(x, y)
"""
# Nothing said about models: MLflow 3 would make a logged model first, which Azure refuses.
BARE = """
import keras, mlflow, numpy, sys
from sklearn.linear_model import LinearRegression
mlflow.autolog()
x = numpy.random.rand(40, 3); y = x.sum(axis=1)
if sys.argv[1] == "sklearn":
    LinearRegression().fit(x, y)
else:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=2, verbose=2)
"""
PLAIN = """
import os, sys, tempfile, mlflow
from mlflow.tracking import MlflowClient
mlflow.set_tracking_uri(sys.argv[1]); mlflow.set_registry_uri(sys.argv[1])
mlflow.set_experiment(sys.argv[2])
with mlflow.start_run(run_name="by hand") as run:
    mlflow.log_params({"a": 1, "b": "two"})
    mlflow.log_metrics({"m": 1.0, "n": float("nan")}, step=3)
    mlflow.set_tag("who", "plain")
    mlflow.log_dict({"k": [1, 2]}, "folder/file.json")
    mlflow.log_text("hello", "model/MLmodel")
client = MlflowClient()
read = client.get_run(run.info.run_id)
assert read.data.params == {"a": "1", "b": "two"}, read.data.params
assert read.data.metrics["m"] == 1.0 and read.data.metrics["n"] != read.data.metrics["n"]
assert read.info.status == "FINISHED" and read.info.run_name == "by hand"
assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["folder", "model"]
assert mlflow.artifacts.load_dict(run.info.artifact_uri + "/folder/file.json") == {"k": [1, 2]}
assert [p.step for p in client.get_metric_history(run.info.run_id, "m")] == [3]
text = "params.b = 'two' and metrics.m > 0.5 and tags.who = 'plain'"
found = mlflow.search_runs(search_all_experiments=True, filter_string=text, output_format="list")
assert run.info.run_id in [r.info.run_id for r in found]
with mlflow.start_run(nested=False) as other:
    with mlflow.start_run(nested=True) as child:
        pass
assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == other.info.run_id
name = sys.argv[2] + "-model"
client.create_registered_model(name, tags={"t": "1"})
version = client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id, tags={"v": "1"})
assert version.version in ("1", 1), version
client.set_registered_model_alias(name, "champion", "1")
assert client.get_model_version_by_alias(name, "champion").run_id == run.info.run_id
assert [v.version for v in client.search_model_versions(f"name='{name}'")] in (["1"], [1])
assert client.get_registered_model(name).tags == {"t": "1"}
client.set_model_version_tag(name, "1", "w", "2")
assert client.get_model_version(name, "1").tags == {"v": "1", "w": "2"}
with mlflow.start_run(): pass
client.delete_run(run.info.run_id)
assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
client.restore_run(run.info.run_id)
try:
    client.get_run("never-was"); raise SystemExit("found what is not there")
except mlflow.exceptions.MlflowException as exc:
    assert exc.error_code == "RESOURCE_DOES_NOT_EXIST", exc.error_code
print("ALL GOOD")
"""


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def pairs(run: dict[str, Any], what: str) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in run["data"].get(what, [])}


def history(plane: DataPlane, run: str, metric: str) -> list[dict[str, Any]]:
    return list(plane.mlflow("metrics/get-history", run_id=run, metric_key=metric)["metrics"])


@pytest.mark.extended
@pytest.mark.slow
def test_the_metrics_of_a_keras_script_arrive_while_it_trains(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path
) -> None:
    job = submit(ml_client, tmp_path / "src", "python main.py", KERAS, display_name="shown")
    wait_for(lambda: history(plane, job.name, "val_accuracy"), seconds=90)
    assert plane.details(job.name)["status"] == "Running"
    assert len(history(plane, job.name, "val_accuracy")) < 6
    assert await_end(ml_client, job.name, 90).status == "Completed"
    points = history(plane, job.name, "loss")
    assert [point["step"] for point in points] == [0, 1, 2, 3, 4, 5]
    assert all(0 < point["value"] < 10 for point in points)
    run = plane.mlflow("runs/get", run_id=job.name)["run"]
    assert {"early", "late", "loss", "accuracy", "val_loss", "val_accuracy"} <= pairs(run, "metrics").keys()
    assert pairs(run, "params")["epochs"] == "6"
    assert (run["info"]["status"], run["info"]["run_name"]) == ("FINISHED", "shown")
    ml_client.jobs.download(job.name, download_path=tmp_path / "down")
    assert (tmp_path / "down" / "artifacts" / "model" / "model.keras").stat().st_size > 1000


@pytest.mark.extended
@pytest.mark.slow
def test_a_scikit_learn_script_logs_by_itself(ml_client: MLClient, plane: DataPlane, tmp_path: Path) -> None:
    job = submit(ml_client, tmp_path / "src", "python main.py", SKLEARN)
    assert await_end(ml_client, job.name, 90).status == "Completed"
    run = plane.mlflow("runs/get", run_id=job.name)["run"]
    assert pairs(run, "params")["max_depth"] == "3"
    assert pairs(run, "metrics")["training_accuracy_score"] > 0.9


@pytest.mark.extended
@pytest.mark.parametrize(("library", "metric"), [("sklearn", "training_r2_score"), ("keras", "loss")])
def test_a_bare_autolog_of_mlflow_3_arrives_without_its_model(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path, library: str, metric: str
) -> None:
    conda = tmp_path / "conda.yml"
    conda.write_text("dependencies: [{pip: ['mlflow-skinny>=3']}]\n")
    environment = Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", conda_file=str(conda))
    job = submit(ml_client, tmp_path / "src", f"python main.py {library}", BARE, environment=environment)
    assert await_end(ml_client, job.name, 90).status == "Completed"
    run = plane.mlflow("runs/get", run_id=job.name)["run"]
    assert metric in pairs(run, "metrics")
    assert len(pairs(run, "params")) > 2
    assert "model" not in [file["path"] for file in plane.mlflow("artifacts/list", run_id=job.name)["files"]]


@pytest.mark.slow
def test_plain_mlflow_works_on_the_tracking_uri_of_the_workspace(
    ml_client: MLClient, amlocal_server: AmlocalServer, plane: DataPlane, tmp_path: Path, name: str
) -> None:
    uri = ml_client.workspaces.get("local").mlflow_tracking_uri.replace("azureml://", "https://")
    token = plane.headers["Authorization"].partition(" ")[2]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "MLFLOW_TRACKING_TOKEN": token,
        "REQUESTS_CA_BUNDLE": amlocal_server.ca_bundle,
        "NO_PROXY": "localhost",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    command = [str(SCORING_PYTHON), "-W", "ignore", "-c", PLAIN, uri, name]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ALL GOOD" in done.stdout, done.stdout + done.stderr
    model = ml_client.models.get(f"{name}-model", version="1")
    assert (model.type, model.tags) == ("mlflow_model", {"v": "1", "w": "2"})


def make_run(plane: DataPlane, experiment: str) -> str:
    known = plane.call("GET", "/mlflow/v2.0", "api/2.0/mlflow/experiments/get-by-name", experiment_name=experiment)
    if known.status_code == 404:
        plane.mlflow("experiments/create", {"name": experiment})
    found = plane.mlflow("experiments/get-by-name", experiment_name=experiment)["experiment"]["experiment_id"]
    return str(plane.mlflow("runs/create", {"experiment_id": found})["run"]["info"]["run_id"])


def test_last_values_of_many_runs_come_in_one_search(plane: DataPlane, name: str) -> None:
    runs = [make_run(plane, name) for _ in range(5)]
    for number, run in enumerate(runs):
        metrics = [{"key": "loss", "value": number / 10 + step, "step": step, "timestamp": 1} for step in (2, 0, 1)]
        plane.mlflow(
            "runs/log-batch", {"run_id": run, "metrics": metrics, "params": [{"key": "n", "value": str(number)}]}
        )
    experiment = plane.mlflow("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]
    asked = {"experiment_ids": [experiment], "order_by": ["metrics.loss DESC"], "max_results": 2}
    first = plane.mlflow("runs/search", asked)
    assert [pairs(run, "metrics")["loss"] for run in first["runs"]] == [2.4, 2.3]
    second = plane.mlflow("runs/search", {**asked, "page_token": first["next_page_token"]})
    assert [pairs(run, "metrics")["loss"] for run in second["runs"]] == [2.2, 2.1]
    last = plane.mlflow("runs/search", {**asked, "page_token": second["next_page_token"]})
    assert len(last["runs"]) == 1
    assert "next_page_token" not in last


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("metrics.acc > 0.45", 2),
        ("metrics.acc >= 0.5 and params.kind = 'b'", 1),
        ("params.kind != 'a'", 1),
        ("tags.stage = 'x'", 1),
        ("tags.`stage` LIKE 'X'", 0),
        ("tags.stage ILIKE 'X%'", 1),
        ("attributes.status = 'RUNNING'", 3),
        ("attributes.status IN ('FINISHED', 'FAILED')", 0),
        ("run_name = 'first and last'", 1),
        ("", 3),
    ],
)
def test_filters_choose_runs(plane: DataPlane, filtered: str, text: str, count: int) -> None:
    found = plane.mlflow("runs/search", {"experiment_ids": [filtered], "filter": text}).get("runs", [])
    assert len(found) == count


@pytest.fixture(scope="module")
def filtered(plane: DataPlane) -> str:
    """The id of an experiment with three runs."""
    name = f"filters-{uuid.uuid4().hex[:8]}"
    for number, kind in enumerate("aab"):
        run = make_run(plane, name)
        plane.mlflow("runs/log-metric", {"run_id": run, "key": "acc", "value": 0.4 + number / 10, "timestamp": 1})
        plane.mlflow("runs/log-parameter", {"run_id": run, "key": "kind", "value": kind})
    plane.mlflow("runs/set-tag", {"run_id": run, "key": "stage", "value": "x"})
    plane.mlflow("runs/update", {"run_id": run, "run_name": "first and last"})
    run = make_run(plane, name)
    plane.mlflow("runs/delete", {"run_id": run})
    return str(plane.mlflow("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])


def test_a_bad_filter_is_refused_and_not_run(plane: DataPlane) -> None:
    for text in ("metrics.acc ~ 3", "secret.thing = 1", "r.id = 'x' OR 1=1", "metrics.acc > "):
        answer = plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/runs/search", {"filter": text})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), text


def test_strange_numbers_and_names_survive(plane: DataPlane, name: str) -> None:
    run = make_run(plane, name)
    values = ["NaN", "Infinity", "-Infinity", 1e-300, -0.0, 12345678901234567]
    for step, value in enumerate(values):
        body = {"run_id": run, "key": "odd/näme x", "value": value, "step": step, "timestamp": 5}
        plane.mlflow("runs/log-metric", body)
    points = history(plane, run, "odd/näme x")
    assert [point["value"] for point in points[:3]] == ["NaN", "Infinity", "-Infinity"]
    assert [float(point["value"]) for point in points[3:]] == [1e-300, -0.0, 12345678901234568.0]
    assert not math.isnan(float(plane.mlflow("runs/get", run_id=run)["run"]["data"]["metrics"][0]["value"]))


def test_a_param_is_written_once(plane: DataPlane, name: str) -> None:
    run = make_run(plane, name)
    body = {"run_id": run, "key": "lr", "value": "0.1"}
    plane.mlflow("runs/log-parameter", body)
    plane.mlflow("runs/log-parameter", body)
    answer = plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/runs/log-parameter", {**body, "value": "0.2"})
    assert answer.status_code == 400
    assert pairs(plane.mlflow("runs/get", run_id=run)["run"], "params") == {"lr": "0.1"}


def test_what_azure_refuses_is_refused(plane: DataPlane) -> None:
    answer = plane.call("POST", "/mlflow/v2.0", "api/2.0/mlflow/logged-models", {"experiment_id": "0", "name": "m"})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["./model/MLmodel", "model/./MLmodel", "model//MLmodel"])
def test_an_artifacts_path_is_tidied_before_its_url_is_signed(plane: DataPlane, name: str, path: str) -> None:
    run = make_run(plane, name)
    artifacts = f"artifacts/ExperimentRun/dcid.{run}"
    given = plane.call("POST", "/artifact/v2.0", f"{artifacts}/batch/metadata", {"paths": [{"path": path}]}).json()
    url = given["artifactContentInformation"][path]["contentUri"]
    # Clients take such parts out of a URL by themselves.
    assert requests.put(url, b"flavors: {}", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10).status_code == 201
    listed = [found["path"] for found in plane.call("GET", "/artifact/v2.0", artifacts).json()["value"]]
    assert listed == ["model/MLmodel"]


def test_a_client_cannot_end_a_job_from_outside(ml_client: MLClient, plane: DataPlane) -> None:
    job = submit(ml_client, None, "sleep 1")
    plane.mlflow("runs/update", {"run_id": job.name, "status": "FAILED", "end_time": 1})
    assert await_end(ml_client, job.name).status == "Completed"


@pytest.mark.slow
def test_a_long_history_is_paged(plane: DataPlane, name: str) -> None:
    run = make_run(plane, name)
    for start in range(0, 30_000, 1000):
        points = [{"key": "loss", "value": i / 7, "step": i, "timestamp": i} for i in range(start, start + 1000)]
        plane.mlflow("runs/log-batch", {"run_id": run, "metrics": points})
    steps: list[int] = []
    token = ""
    while True:
        query = {"page_token": token} if token else {}
        page = plane.mlflow("metrics/get-history", run_id=run, metric_key="loss", **query)
        steps += [point["step"] for point in page["metrics"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert steps == list(range(30_000))
    last = plane.mlflow("metrics/get-history", run_id=run, metric_key="loss", max_results=100, page_token="29900")
    assert [point["step"] for point in last["metrics"]] == list(range(29_900, 30_000))
