"""Registered models through the SDK: from uploads, job outputs and datastores; versions, lists, archive, download."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Model
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer

TRAINING = (
    "import os, sys\n"
    "os.makedirs('outputs/model'); open('outputs/model/w.bin', 'w').write('from outputs')\n"
    "open(os.path.join(sys.argv[1], 'v.bin'), 'w').write('from a named output')\n"
)


@pytest.fixture(scope="module")
def trained(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a job that left a model in ./outputs and one in a named output."""
    from azure.ai.ml import Output

    folder = tmp_path_factory.mktemp("trained") / "src"
    outputs = {"best": Output(type="custom_model")}
    job = submit(ml_client, folder, "python main.py ${{outputs.best}}", TRAINING, outputs=outputs)
    assert await_end(ml_client, job.name).status == "Completed"
    return str(job.name)


def register(client: MLClient, name: str, path: str, **more: object) -> Model:
    return client.models.create_or_update(Model(name=name, path=path, **more))


def files_of(client: MLClient, name: str, version: str, folder: Path) -> dict[str, str]:
    client.models.download(name, version, download_path=str(folder))
    return {file.name: file.read_text() for file in (folder / name).rglob("*") if file.is_file()}


def test_a_folder_and_a_file_become_versions(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.txt").write_text("A")
    first = register(ml_client, name, str(tmp_path / "m"), tags={"k": "v"}, properties={"p": "q"}, description="Told")
    assert (first.version, first.type, first.tags) == ("1", "custom_model", {"k": "v"})
    assert (first.properties["p"], first.description) == ("q", "Told")
    second = register(ml_client, name, str(tmp_path / "m" / "a.txt"))
    assert second.version == "2"
    assert files_of(ml_client, name, "1", tmp_path / "one") == {"a.txt": "A"}
    assert files_of(ml_client, name, "2", tmp_path / "two") == {"a.txt": "A"}
    assert ml_client.models.get(name, label="latest").version == "2"
    assert [model.version for model in ml_client.models.list(name)] == ["2", "1"]
    assert name in [model.name for model in ml_client.models.list()]


def test_a_model_comes_from_what_a_job_left(ml_client: MLClient, trained: str, tmp_path: Path, name: str) -> None:
    made = register(ml_client, name, f"azureml://jobs/{trained}/outputs/artifacts/paths/outputs/model/")
    assert made.path.startswith("azureml://subscriptions/")
    assert f"dcid.{trained}/outputs/model" in made.path
    assert files_of(ml_client, name, "1", tmp_path / "down") == {"w.bin": "from outputs"}


def test_a_model_comes_from_a_named_output(ml_client: MLClient, trained: str, tmp_path: Path, name: str) -> None:
    register(ml_client, name, f"azureml://jobs/{trained}/outputs/best", type="custom_model")
    assert files_of(ml_client, name, "1", tmp_path / "down") == {"v.bin": "from a named output"}


def test_a_model_comes_from_a_datastore(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "w.txt").write_text("W")
    uploaded = register(ml_client, f"{name}-a", str(tmp_path / "x"))
    short = "azureml://datastores/workspaceblobstore/paths/" + uploaded.path.partition("/paths/")[2]
    made = register(ml_client, name, short)
    assert made.path == uploaded.path


@pytest.mark.parametrize(
    "path",
    [
        "azureml://jobs/never-was/outputs/artifacts/paths/model",
        "azureml://datastores/workspaceblobstore/paths/nothing/here",
        "azureml://datastores/no-such-store/paths/x",
    ],
)
def test_a_path_with_nothing_behind_it_is_refused(ml_client: MLClient, name: str, path: str) -> None:
    with pytest.raises((HttpResponseError, ResourceNotFoundError)):
        register(ml_client, name, path)
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get(name, version="1")


def test_the_files_of_a_version_never_change_but_its_tags_do(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    for word in ("one", "two"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "w.txt").write_text(word)
    made = register(ml_client, name, str(tmp_path / "one"), version="7", tags={"a": "1"})
    with pytest.raises(Exception, match=r"(?i)cannot be updated|not allowed|change"):
        register(ml_client, name, str(tmp_path / "two"), version="7")
    made.tags = {"a": "2", "b": "3"}
    made.description = "Later"
    ml_client.models.create_or_update(made)
    read = ml_client.models.get(name, version="7")
    assert (read.tags, read.description) == ({"a": "2", "b": "3"}, "Later")
    assert register(ml_client, name, str(tmp_path / "two")).version == "8"


def test_archived_versions_leave_the_list_and_come_back(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "w.txt").write_text("W")
    for _ in range(2):
        register(ml_client, name, str(tmp_path / "w.txt"))
    ml_client.models.archive(name, version="1")
    assert [model.version for model in ml_client.models.list(name)] == ["2"]
    ml_client.models.restore(name, version="1")
    assert [model.version for model in ml_client.models.list(name)] == ["2", "1"]
    ml_client.models.archive(name)
    assert name not in [model.name for model in ml_client.models.list()]
    ml_client.models.restore(name)
    assert name in [model.name for model in ml_client.models.list()]


def test_a_version_is_deleted_over_rest(
    ml_client: MLClient, amlocal_server: AmlocalServer, tmp_path: Path, name: str
) -> None:
    (tmp_path / "w.txt").write_text("W")
    register(ml_client, name, str(tmp_path / "w.txt"))
    plane = DataPlane(amlocal_server)
    assert plane.call("DELETE", "", f"models/{name}/versions/1").status_code == 200
    with pytest.raises(ResourceNotFoundError):
        ml_client.models.get(name, version="1")
