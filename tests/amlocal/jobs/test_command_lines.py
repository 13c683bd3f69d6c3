"""The command line of a job and the variables that it finds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from azure.ai.ml import Input, MLClient, Output

from amlocal.jobs import command_lines
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer

PATHS = ["/a b/c d.csv", "/a%20b.csv", "/it's.csv", '/a"b$HOME`id`\\\\.csv', "/[1]*?.csv", "/a;b&c|d.csv", "/plain.csv"]
SHOW = f"{sys.executable} -c 'import json, sys; print(json.dumps(sys.argv[1:]))'"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def log_text(plane: DataPlane, job: str) -> str:
    return requests.get(plane.details(job)["logFiles"]["user_logs/std_log.txt"], timeout=10).text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        ("${{inputs.x}}", "", ""),
        ("--data=${{inputs.x}}/more", "--data=", "/more"),
        ('"${{inputs.x}}"', "", ""),
        ('"a ${{inputs.x}} b"', "a ", " b"),
        ("'${{inputs.x}}'", "", ""),
        ('"$(echo "${{inputs.x}}")"', "", ""),
        ('"$(printf %s ${{inputs.x}})"', "", ""),
        ("it\\'s${{inputs.x}}", "it's", ""),
        ('"it\'s"${{ inputs.x }}', "it's", ""),
    ],
)
def test_a_path_is_one_word_wherever_it_stands(path: str, place: str, before: str, after: str) -> None:
    line = command_lines.fill(f"{SHOW} {place} end", {"x": path}, {})
    told = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [before + path + after, "end"]


def test_a_literal_keeps_its_words_and_its_quotes() -> None:
    line = command_lines.fill("x ${{inputs.flags}} $[[--y ${{inputs.y}}]]", {"flags": "--a 1 'b c'"}, {}, ["flags"])
    assert line == "x --a 1 'b c' "


def test_an_input_whose_path_holds_a_space_is_one_argument(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path
) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    (folder / "part one.csv").write_text("1")
    inputs = {
        "file": Input(type="uri_file", path=str(folder / "part one.csv")),
        "folder": Input(type="uri_folder", path=str(folder)),
        "flags": "--a 1",
    }
    line = "python main.py ${{inputs.file}} ${{inputs.folder}} ${{outputs.made}} ${{inputs.flags}}"
    script = "import sys\nprint(len(sys.argv), open(sys.argv[1]).read())\n"
    job = submit(ml_client, tmp_path / "code", line, script, inputs=inputs, outputs={"made": Output(type="uri_folder")})
    assert await_end(ml_client, job.name).status == "Completed", log_text(plane, job.name)
    assert log_text(plane, job.name).split() == ["6", "1"]


def test_a_job_has_what_azureml_core_looks_for(
    ml_client: MLClient, plane: DataPlane, amlocal_server: AmlocalServer
) -> None:
    """azureml-mlflow up to 1.42 comes with azureml-core, which asks discovery for every service before it logs."""
    job = submit(ml_client, None, "echo id=$AZUREML_WORKSPACE_ID")
    assert await_end(ml_client, job.name).status == "Completed"
    identifier = plane.call("GET", "", "").json()["properties"]["workspaceId"]
    assert f"id={identifier}" in log_text(plane, job.name)
    services = requests.get(f"{amlocal_server.url}/discovery", timeout=10).json()
    assert {"api", "history", "modelmanagement", "experimentation", "hyperdrive", "studio"} <= set(services)


@pytest.mark.parametrize(
    ("client", "scheme"),
    [
        ("azureml-mlflow/1.42.0", "azureml://"),
        ("mlflow-python-client/1.23.1", "azureml://"),
        ("mlflow-python-client/2.22.1", "mlflow-artifacts:/"),
    ],
)
def test_an_old_azureml_mlflow_gets_azures_address_of_artifacts(
    ml_client: MLClient, plane: DataPlane, amlocal_server: AmlocalServer, client: str, scheme: str
) -> None:
    job = submit(ml_client, None, "echo token=$MLFLOW_TRACKING_TOKEN")
    assert await_end(ml_client, job.name).status == "Completed"
    token = log_text(plane, job.name).split("token=")[1].split()[0]
    answer = requests.get(
        f"{amlocal_server.url}/mlflow/v1.0{plane.workspace}/api/2.0/mlflow/runs/get",
        params={"run_id": job.name},
        headers={"Authorization": f"Bearer {token}", "User-Agent": client},
        timeout=10,
    )
    assert answer.json()["run"]["info"]["artifact_uri"].startswith(scheme)
