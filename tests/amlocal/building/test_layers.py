"""MLflow 2 above a given Python that has MLflow 3, where the environment leaves it open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment, Job
from azure.identity import ManagedIdentityCredential

from amlocal.building import layers, satisfaction
from amlocal.building.conda_files import Wanted
from amlocal.building.satisfaction import Answer
from tests.amlocal import wheels
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import SCORING_PYTHON, AmlocalServer

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
SHOW = "import mlflow\nprint('MLflow', mlflow.__version__)\n"
THREE = Answer("3.11.7", (), {"mlflow-skinny": "3.15.0"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AmlocalServer]:
    """One whose installers find a small MLflow 2.9 and nothing else."""
    wheels.make_mlflow(tmp_path / "wheels", "2.9.0")
    wheels.make_mlflow(tmp_path / "wheels", "3.9.0")
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_CONFIG_FILE": "/dev/null"}
    pip["AMLOCAL_MLFLOW"] = "azure"
    started = AmlocalServer(tmp_path / "amlocal", pip).start()
    with started.client_environment():
        yield started
    started.stop()


@pytest.fixture
def client(server: AmlocalServer) -> MLClient:
    return MLClient(ManagedIdentityCredential(), server.env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")


def log_of(server: AmlocalServer, job: Job) -> str:
    files = DataPlane(server).details(job.name)["logFiles"]
    return requests.get(files["user_logs/std_log.txt"], timeout=10).text


@pytest.mark.slow
def test_a_job_that_leaves_mlflow_open_has_mlflow_2(server: AmlocalServer, client: MLClient, tmp_path: Path) -> None:
    conda = tmp_path / "conda.yml"
    conda.write_text("dependencies: [{pip: [azureml-mlflow, mlflow-skinny]}]\n")
    asked = tmp_path / "asked.yml"
    asked.write_text("dependencies: [{pip: ['mlflow-skinny>=3']}]\n")
    jobs = {
        "image": submit(client, tmp_path / "code", "python main.py", SHOW, environment=Environment(image=IMAGE)),
        "curated": submit(client, tmp_path / "code", "python main.py", SHOW),
        "conda": submit(
            client,
            tmp_path / "code",
            "python main.py",
            SHOW,
            environment=Environment(image=IMAGE, conda_file=str(conda)),
        ),
        "three": submit(
            client,
            tmp_path / "code",
            "python main.py",
            SHOW,
            environment=Environment(image=IMAGE, conda_file=str(asked)),
        ),
    }
    seen = {}
    for name, job in jobs.items():
        assert await_end(client, job.name, 90).status == "Completed", log_of(server, job)
        seen[name] = log_of(server, job).split()[-1].split(".")[0]
    assert seen == {"image": "2", "curated": "2", "conda": "2", "three": "3"}
    assert len(list(server.home.glob("environments/*/layer"))) == 1


@pytest.mark.slow
def test_where_mlflow_2_cannot_be_had_the_job_runs_and_is_told(
    server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    next((tmp_path / "wheels").glob("*-2.9.0-*")).unlink()
    job = submit(client, tmp_path / "code", "python main.py", SHOW, environment=Environment(image=IMAGE))
    assert await_end(client, job.name, 90).status == "Completed"
    assert log_of(server, job).split()[-1].startswith("3.")
    assert "log_model fails" in DataPlane(server).details(job.name)["warnings"][0]["message"]


@pytest.mark.slow
def test_a_curated_image_sets_its_variables_and_has_what_its_packages_bring(
    server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    """tf_keras goes above a given Python that has TensorFlow alone, in the release of that TensorFlow."""
    found = satisfaction.ask(SCORING_PYTHON, ()).versions
    minor = ".".join(found["tensorflow"].split(".")[:2])
    for version in ("2.16.0", f"{minor}.0", "99.0"):
        wheels.make(tmp_path / "wheels", version, name="tf_keras")
    wheels.make(tmp_path / "wheels", "23.0", name="pyarrow")
    curated = "azureml://registries/azureml/environments/tensorflow-2.16-cuda12/labels/latest"
    script = "import os\nprint(os.environ.get('TF_USE_LEGACY_KERAS'), os.environ.get('NCCL_DEBUG'))\n"
    keras = f"{script}import tf_keras  # for tensorflow\nprint(tf_keras.VERSION)\n"
    jobs = {
        "plain": submit(
            client,
            tmp_path / "plain",
            "python main.py",
            "import os\nprint(os.environ['NCCL_DEBUG'])\n",
            environment=curated,
        ),
        "keras": submit(client, tmp_path / "keras", "python main.py", keras, environment=curated),
        "own": submit(
            client,
            tmp_path / "keras",
            "python main.py",
            keras,
            environment=curated,
            environment_variables={"TF_USE_LEGACY_KERAS": "0"},
        ),
    }
    for job in jobs.values():
        assert await_end(client, job.name, 90).status == "Completed", log_of(server, job)
    assert log_of(server, jobs["plain"]).split() == ["INFO"]
    assert log_of(server, jobs["keras"]).split() == ["1", "INFO", f"{minor}.0"]
    assert log_of(server, jobs["own"]).split() == ["0", "INFO", f"{minor}.0"]
    parquet = "import pyarrow  # pandas.read_parquet\nprint(pyarrow.VERSION)\n"
    job = submit(client, tmp_path / "parquet", "python main.py", parquet)
    assert await_end(client, job.name, 90).status == "Completed", log_of(server, job)
    assert log_of(server, job).split() == ["23.0"]


@pytest.mark.slow
def test_without_tf_keras_its_variable_is_not_set(server: AmlocalServer, client: MLClient, tmp_path: Path) -> None:
    curated = "azureml://registries/azureml/environments/tensorflow-2.16-cuda12/labels/latest"
    script = "import os  # tensorflow\nprint(os.environ.get('TF_USE_LEGACY_KERAS'))\n"
    job = submit(client, tmp_path / "code", "python main.py", script, environment=curated)
    assert await_end(client, job.name, 90).status == "Completed", log_of(server, job)
    assert log_of(server, job).split() == ["None"]
    assert "tf-keras" in DataPlane(server).details(job.name)["warnings"][0]["message"]


@pytest.mark.parametrize(
    ("requirements", "is_wanted"),
    [
        ((), True),
        (("azureml-mlflow",), True),
        (("mlflow",), True),
        (("mlflow>=2.8", "scikit-learn"), True),
        (("mlflow-skinny<3",), True),
        (("mlflow-skinny>=3.8",), False),
        (("mlflow==3.1",), False),
        (("mlflow>=2,<4",), False),
    ],
)
def test_who_asks_for_mlflow_3_gets_it(requirements: tuple[str, ...], is_wanted: bool) -> None:
    assert layers.is_mlflow_2_wanted(THREE, Wanted(requirements)) is is_wanted


def test_a_python_with_mlflow_2_needs_nothing_above_it() -> None:
    assert not layers.is_mlflow_2_wanted(Answer("3.11.7", (), {"mlflow": "2.22.1"}), None)
    assert not layers.is_mlflow_2_wanted(Answer("3.11.7", ()), None)
    assert layers.is_mlflow_2_wanted(THREE, None)
