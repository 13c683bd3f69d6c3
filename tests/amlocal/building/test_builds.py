"""What a job or a deployment runs with: its environment is built, or the given one is used because it will do."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import BuildContext, Environment, Job
from azure.ai.ml.exceptions import JobException
from azure.core.exceptions import HttpResponseError
from azure.identity import ManagedIdentityCredential

from amlocal.building import conda_files, venvs
from tests.amlocal import wheels
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, await_status, submit
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import ROOT, AmlocalServer

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
SHOW = "python -c 'import tiny; print(tiny.__file__, tiny.VERSION)'"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """tiny 2.0 for every Python, tiny 1.0 for Python 2.7 only."""
    wheels.make(tmp_path / "wheels", "2.0")
    wheels.make(tmp_path / "wheels", "1.0", "cp27-none-any")
    return tmp_path / "wheels"


@pytest.fixture
def silent_index() -> Iterator[str]:
    """A package index that never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/simple"


def run(client: MLClient, conda: str, line: str = SHOW) -> Job:
    return submit(client, None, line, environment=Environment(image=IMAGE, conda_file=conda))


def read_log(plane: DataPlane, job: Job, name: str = BUILD_LOG) -> str:
    return requests.get(plane.details(job.name)["logFiles"][name], timeout=10).text


@pytest.mark.slow
def test_a_job_gets_its_environment_and_the_next_one_finds_it(
    ml_client: MLClient, plane: DataPlane, shelf: Path, amlocal_server: AmlocalServer
) -> None:
    first = run(ml_client, wheels.conda_file(shelf, "tiny==2.0"))
    assert await_end(ml_client, first.name).status == "Completed"
    log = read_log(plane, first)
    assert "tiny is not there" in log
    assert "tiny==2.0" in log.partition("Installed:")[2]
    assert f"{amlocal_server.home}/environments/" in read_log(plane, first, "user_logs/std_log.txt")
    assert plane.details(first.name)["warnings"] == []
    second = run(ml_client, wheels.conda_file(shelf, "tiny==2.0"))
    assert await_end(ml_client, second.name).status == "Completed"
    assert "was built before" in read_log(plane, second)


@pytest.mark.extended
def test_a_pin_without_a_wheel_is_loosened_and_told(ml_client: MLClient, plane: DataPlane, shelf: Path) -> None:
    job = run(ml_client, wheels.conda_file(shelf, "tiny==1.0", conda=("python=3.6", "cudatoolkit=11.0")))
    assert await_end(ml_client, job.name).status == "Completed"
    assert read_log(plane, job, "user_logs/std_log.txt").split()[-1] == "2.0"
    told = " ".join(warning["message"] for warning in plane.details(job.name)["warnings"])
    for words in ("'tiny==1.0' has no wheel", "Python 3.6 was asked for", "'cudatoolkit=11.0' is not known"):
        assert words in told
        assert words in read_log(plane, job)


@pytest.mark.extended
@pytest.mark.slow
def test_a_broken_conda_file_fails_the_job_with_the_build_log(
    ml_client: MLClient, plane: DataPlane, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = run(ml_client, wheels.conda_file(shelf, "no-such-package==1.0"))
    with pytest.raises(JobException, match="Image build failed"):
        ml_client.jobs.stream(job.name)
    assert ml_client.jobs.get(job.name).status == "Failed"
    assert "no-such-package" in read_log(plane, job)
    assert BUILD_LOG in plane.details(job.name)["error"]["error"]["message"]


def test_a_conda_file_without_dependencies_fails_the_job(ml_client: MLClient, plane: DataPlane, name: str) -> None:
    properties = {"image": IMAGE, "condaFile": "name: [x\n"}
    assert plane.call("PUT", "", f"environments/{name}/versions/1", {"properties": properties}).ok
    job = submit(ml_client, None, "true", environment=f"{plane.workspace}/environments/{name}/versions/1")
    assert await_end(ml_client, job.name).status == "Failed"
    assert "not YAML" in read_log(plane, job)


def test_the_given_environment_is_used_where_it_will_do(
    ml_client: MLClient, plane: DataPlane, amlocal_server: AmlocalServer
) -> None:
    job = run(ml_client, str(ROOT / "recipes" / "mnist-keras" / "conda.yml"), "true")
    await_status(ml_client, job.name, ("Running", "Finalizing", "Completed"))
    log = read_log(plane, job)
    assert "nothing is built" in log
    assert await_end(ml_client, job.name).status == "Completed"


def test_an_image_alone_means_the_given_environment(ml_client: MLClient, plane: DataPlane) -> None:
    job = submit(ml_client, None, "true", environment=Environment(image=IMAGE))
    assert await_end(ml_client, job.name).status == "Completed"
    assert BUILD_LOG not in plane.details(job.name)["logFiles"]


@pytest.mark.extended
def test_of_a_build_context_the_requirements_are_used(
    ml_client: MLClient, plane: DataPlane, shelf: Path, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN pip install -r requirements.txt\n")
    (context / "requirements.txt").write_text(f"# mine\n--no-index\n--find-links {shelf}\ntiny>=1.0  # small\n")
    job = submit(ml_client, None, SHOW, environment=Environment(build=BuildContext(path=str(context))))
    assert await_end(ml_client, job.name).status == "Completed", read_log(plane, job)
    assert "runs no Dockerfile" in plane.details(job.name)["warnings"][0]["message"]


def test_a_job_is_preparing_while_its_environment_is_built_and_can_be_canceled(
    ml_client: MLClient, plane: DataPlane, silent_index: str, tmp_path: Path
) -> None:
    conda = tmp_path / "conda.yml"
    conda.write_text(f"dependencies:\n  - pip:\n      - --index-url {silent_index}\n      - tiny\n")
    job = run(ml_client, str(conda))
    await_status(ml_client, job.name, ("Preparing",))
    give_up_at = time.monotonic() + 20
    while BUILD_LOG not in plane.details(job.name)["logFiles"]:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    assert plane.details(job.name)["status"] == "Preparing"
    later = submit(ml_client, None, "true")
    assert await_end(ml_client, later.name).status == "Completed", "a build holds up nobody else"
    assert plane.details(job.name)["status"] == "Preparing"
    ml_client.jobs.begin_cancel(job.name).wait()
    assert await_end(ml_client, job.name, 10).status == "Canceled"


@pytest.fixture
def own_client(own_server: AmlocalServer) -> Callable[[], MLClient]:
    env = own_server.env
    return lambda: MLClient(ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")


@pytest.mark.extended
def test_a_build_that_was_killed_is_done_again(
    own_server: AmlocalServer, own_client: Callable[[], MLClient], shelf: Path
) -> None:
    job = run(own_client(), wheels.conda_file(shelf, "tiny"))
    give_up_at = time.monotonic() + 20
    while not list(own_server.home.glob("environments/*/venv")):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    own_server.kill()
    own_server.start()
    assert await_end(own_client(), job.name).status == "Completed"


@pytest.mark.slow
def test_a_stop_does_not_wait_for_a_build(
    own_server: AmlocalServer, own_client: Callable[[], MLClient], silent_index: str, tmp_path: Path
) -> None:
    conda = tmp_path / "conda.yml"
    conda.write_text(f"dependencies:\n  - pip:\n      - --index-url {silent_index}\n      - tiny\n")
    job = run(own_client(), str(conda))
    give_up_at = time.monotonic() + 20
    while not list(own_server.home.glob("environments/*/venv")):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    own_server.stop()
    own_server.start()
    await_status(own_client(), job.name, ("Preparing",))


@pytest.mark.extended
@pytest.mark.parametrize("own_server", [{"AMLOCAL_ENV": "strict"}], indirect=True)
@pytest.mark.parametrize(
    ("requirement", "conda"), [("tiny==1.0", ()), ("tiny", ("python=2.6",)), ("tiny", ("cudatoolkit",))]
)
def test_strict_leaves_nothing_out(
    own_server: AmlocalServer,
    own_client: Callable[[], MLClient],
    shelf: Path,
    requirement: str,
    conda: tuple[str, ...],
) -> None:
    job = run(own_client(), wheels.conda_file(shelf, requirement, conda=conda))
    assert await_end(own_client(), job.name).status == "Failed"


@pytest.mark.parametrize("own_server", [{"AMLOCAL_ENV": "given"}], indirect=True)
def test_given_builds_nothing(own_server: AmlocalServer, own_client: Callable[[], MLClient], shelf: Path) -> None:
    job = run(own_client(), wheels.conda_file(shelf, "no-such-package"), "true")
    assert await_end(own_client(), job.name).status == "Completed"


@pytest.fixture
def served(ml_client: MLClient, tmp_path: Path, name: str) -> Iterator[Served]:
    endpoint = Served(ml_client, tmp_path / "served", name)
    yield endpoint
    endpoint.delete()


@pytest.mark.extended
def test_a_deployment_fails_with_a_broken_conda_file_and_runs_with_a_good_one(
    ml_client: MLClient, served: Served, shelf: Path
) -> None:
    broken = Environment(image=IMAGE, conda_file=wheels.conda_file(shelf, "no-such-package==1.0"))
    with pytest.raises(HttpResponseError, match="Image build failed"):
        served.deploy(environment=broken)
    assert ml_client.online_deployments.get("blue", served.name).provisioning_state == "Failed"
    logs = ml_client.online_deployments.get_logs("blue", served.name, lines=500, container_type="storage-initializer")
    assert "no-such-package" in logs
    ml_client.online_deployments.begin_delete("blue", served.name).result()
    good = Environment(image=IMAGE, conda_file=str(ROOT / "scoring" / "entry" / "conda.yml"))
    served.deploy(environment=good)
    served.route(blue=100)
    assert served.post().json()["word"] == "weights"


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.23.5", "numpy==1.23.5.*"),
        ("numpy=1.23.5=py39_0", "numpy==1.23.5.*"),
        ("numpy==1.23.5", "numpy==1.23.5"),
        ("numpy 1.23.*", "numpy==1.23.*"),
        ("numpy>=1.2,<2", "numpy>=1.2,<2"),
        ("conda-forge::pytorch=2.1", "torch==2.1.*"),
        ("pandas=1.2|1.3", "pandas"),
        ("pillow=*", "pillow"),
    ],
)
def test_condas_spelling_becomes_pips(line: str, requirement: str) -> None:
    assert conda_files.read(f"dependencies: ['{line}']").requirements == (requirement,)


def test_tools_are_left_out_in_silence_and_pythons_version_is_kept() -> None:
    wanted = conda_files.read("dependencies: [python=3.9, pip=23, setuptools, {pip: [a==1, '-f /x']}]")
    assert wanted == conda_files.Wanted(("a==1", "-f /x"), "3.9", ())


@pytest.mark.parametrize(
    "text", ["", "a: b: c", "dependencies: x", "dependencies: [{conda: [a]}]", "dependencies: ['!!']"]
)
def test_what_is_no_conda_file_is_told(text: str) -> None:
    with pytest.raises(conda_files.BrokenFile):
        conda_files.read(text)


def test_an_installer_sees_mirrors_and_proxies_but_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AMLOCAL_SECRET", "MSI_SECRET", "AWS_SECRET_ACCESS_KEY", "PIP_INDEX_URL", "https_proxy"):
        monkeypatch.setenv(variable, "x")
    seen = venvs.environment()
    assert {"PIP_INDEX_URL", "https_proxy"} <= set(seen)
    assert not {"AMLOCAL_SECRET", "MSI_SECRET", "AWS_SECRET_ACCESS_KEY"} & set(seen)


NAMING_A_FILE = "-r requirements.txt"


def test_a_requirements_file_beside_a_conda_file_is_told_as_left_out(
    ml_client: MLClient, plane: DataPlane, shelf: Path
) -> None:
    job = run(ml_client, wheels.conda_file(shelf, NAMING_A_FILE, "six"), "true")
    assert await_end(ml_client, job.name).status == "Completed"
    told = [warning["message"] for warning in plane.details(job.name)["warnings"]]
    assert any(f"'{NAMING_A_FILE}' was left out" in message for message in told)
    assert "everything that is asked for" not in read_log(plane, job)


@pytest.mark.slow
def test_a_requirements_file_in_the_code_is_installed_and_told(
    ml_client: MLClient, plane: DataPlane, shelf: Path, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    (code / "env").mkdir(parents=True)
    (code / "env" / "requirements.txt").write_text("-r more.txt\n-r requirements.txt\n-c limits.txt\n")
    (code / "env" / "more.txt").write_text("tiny\n")
    (code / "env" / "limits.txt").write_text("tiny<2\n")
    wheels.make(shelf, "1.5")
    environment = Environment(image=IMAGE, conda_file=wheels.conda_file(shelf, NAMING_A_FILE))
    job = submit(ml_client, code, SHOW, environment=environment)
    assert await_end(ml_client, job.name).status == "Completed", read_log(plane, job)
    assert read_log(plane, job, "user_logs/std_log.txt").split()[-1] == "1.5"
    assert f"'{NAMING_A_FILE}' was read from the code" in plane.details(job.name)["warnings"][0]["message"]


@pytest.mark.parametrize("own_server", [{"AMLOCAL_ENV": "strict"}], indirect=True)
def test_strict_names_the_line_that_cannot_be_had(
    own_server: AmlocalServer, own_client: Callable[[], MLClient], shelf: Path
) -> None:
    job = run(own_client(), wheels.conda_file(shelf, NAMING_A_FILE), "true")
    assert await_end(own_client(), job.name).status == "Failed"
    assert f"'{NAMING_A_FILE}'" in DataPlane(own_server).details(job.name)["error"]["error"]["message"]
