"""Command jobs through the SDK: what runs, what it sees, how it ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from azure.ai.ml import Input, MLClient, Output, command
from azure.ai.ml.entities import AmlCompute, Data
from azure.ai.ml.exceptions import JobException
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import ENVIRONMENT, await_end, await_status, submit
from tests.amlocal_server import AmlocalServer, wait_for


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


# `jobs.stream` tells the log only when it has seen the job unfinished once.
STAYING = "sleep 2; python main.py"


# At this time scale a fast job stays in its last states long enough to be seen there.
UNHURRIED = {"AMLOCAL_TIME_SCALE": "1"}


def read_log(plane: DataPlane, job: str) -> str:
    return requests.get(plane.details(job)["logFiles"]["user_logs/std_log.txt"], timeout=10).text


def test_a_job_runs_and_its_log_is_streamed(
    ml_client: MLClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = submit(ml_client, tmp_path / "src", STAYING, "print('hello from the job')", tags={"team": "a"})
    assert job.status in ("NotStarted", "Starting", "Preparing", "Queued", "Running")
    ml_client.jobs.stream(job.name)
    assert "hello from the job" in capsys.readouterr().out
    ended = ml_client.jobs.get(job.name)
    assert (ended.status, ended.tags) == ("Completed", {"team": "a"})


def test_inputs_and_outputs_of_every_kind_reach_the_command(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "a.txt").write_text("A")
    (data / "deep" / "b.txt").write_text("B")
    asset = ml_client.data.create_or_update(Data(name=name, version="1", path=str(data), type="uri_folder"))
    script = (
        "import os, sys\n"
        "number, text, file, folder, out, single = sys.argv[1:]\n"
        "assert (number, text) == ('3', 'two words'), sys.argv\n"
        "assert open(file).read() == 'A'\n"
        "assert open(os.path.join(folder, 'deep', 'b.txt')).read() == 'B'\n"
        "assert os.environ['AZURE_ML_OUTPUT_out'] == out\n"
        "open(os.path.join(out, 'result.txt'), 'w').write('R')\n"
        "open(single, 'w').write('S')\n"
        "os.makedirs('outputs', exist_ok=True); open('outputs/kept.txt', 'w').write('K')\n"
    )
    job = submit(
        ml_client,
        tmp_path / "src",
        "python main.py ${{inputs.number}} '${{inputs.text}}' ${{inputs.file}} ${{inputs.folder}}"
        " ${{outputs.out}} ${{outputs.single}} $[[${{inputs.absent}}]]",
        script,
        inputs={
            "number": 3,
            "text": "two words",
            "file": Input(type="uri_file", path=str(data / "a.txt")),
            "folder": Input(type="uri_folder", path=asset.id),
            "absent": Input(type="string", optional=True),
        },
        outputs={"out": Output(type="uri_folder"), "single": Output(type="uri_file")},
    )
    assert await_end(ml_client, job.name).status == "Completed"
    ml_client.jobs.download(job.name, download_path=tmp_path / "down", all=True)
    found = {str(file.relative_to(tmp_path / "down")): file.read_text() for file in (tmp_path / "down").rglob("*.txt")}
    assert found["named-outputs/out/result.txt"] == "R"
    assert found["artifacts/outputs/kept.txt"] == "K"
    assert "artifacts/user_logs/std_log.txt" in found


@pytest.mark.parametrize("own_server", [UNHURRIED], indirect=True)
def test_statuses_come_in_azures_order(own_server: AmlocalServer, name: str) -> None:
    plane = DataPlane(own_server)
    body = {"properties": {"jobType": "Command", "command": "sleep 0.5", "environmentId": ENVIRONMENT}}
    assert plane.call("PUT", "", f"jobs/{name}", body).status_code == 201
    seen: list[str] = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (not seen or seen[-1] != "Completed"):
        status = plane.details(name)["status"]
        if not seen or seen[-1] != status:
            seen.append(status)
    order = ["NotStarted", "Starting", "Preparing", "Queued", "Running", "Finalizing", "Completed"]
    assert seen == [status for status in order if status in seen]
    assert seen[-3:] == ["Running", "Finalizing", "Completed"]
    details = plane.details(name)
    assert details["startTimeUtc"] < details["endTimeUtc"]


def test_a_failing_script_fails_the_job_with_its_traceback(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path
) -> None:
    job = submit(ml_client, tmp_path / "src", "python main.py", "print('so far')\nraise ValueError('bad data')")
    with pytest.raises(JobException, match="bad data"):
        ml_client.jobs.stream(job.name)
    assert ml_client.jobs.get(job.name).status == "Failed"
    error = plane.details(job.name)["error"]["error"]
    assert error["code"] == "UserError"
    assert "exited with status code 1" in error["message"]
    assert "ValueError: bad data" in error["message"]
    log = read_log(plane, job.name)
    assert "so far" in log
    assert "Traceback" in log


def test_the_log_can_be_read_by_range_while_it_grows(ml_client: MLClient, plane: DataPlane, tmp_path: Path) -> None:
    script = "import time\nfor i in range(40):\n    print(f'line {i:04d}'); time.sleep(0.1)"
    job = submit(ml_client, tmp_path / "src", "python main.py", script)
    url = wait_for(lambda: plane.details(job.name)["logFiles"].get("user_logs/std_log.txt"))
    read, sizes = b"", []
    deadline = time.monotonic() + 30
    while b"line 0039" not in read and time.monotonic() < deadline:
        answer = requests.get(url, headers={"x-ms-range": f"bytes={len(read)}-"}, timeout=10)
        assert answer.status_code in (206, 416)
        if answer.status_code == 206:
            read += answer.content
            sizes.append(len(read))
        time.sleep(0.2)
    assert read.decode().split() == [word for i in range(40) for word in ("line", f"{i:04d}")]
    assert len(sizes) > 5, "the log came in one piece"
    await_end(ml_client, job.name)


def test_a_canceled_job_leaves_no_process(ml_client: MLClient, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(300)\n"
    )
    job = submit(ml_client, tmp_path / "src", "python main.py", script)
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    ml_client.jobs.begin_cancel(job.name).wait()
    assert await_end(ml_client, job.name, 15).status == "Canceled"
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_cluster_runs_as_many_jobs_as_it_has_nodes(ml_client: MLClient, tmp_path: Path, name: str) -> None:
    ml_client.compute.begin_create_or_update(
        AmlCompute(name=name, size="Standard_DS3_v2", min_instances=0, max_instances=1)
    ).result()
    go = tmp_path / "go"
    first = submit(ml_client, None, f"while [ ! -e {go} ]; do sleep 0.1; done", compute=name)
    await_status(ml_client, first.name, ("Running",))
    second = submit(ml_client, None, "true", compute=name)
    await_status(ml_client, second.name, ("Queued",))
    third = submit(ml_client, None, "true", compute=name)
    await_status(ml_client, third.name, ("Queued",))
    ml_client.jobs.begin_cancel(third.name).wait()
    assert await_end(ml_client, third.name).status == "Canceled"
    assert ml_client.jobs.get(second.name).status == "Queued"
    go.touch()
    assert await_end(ml_client, second.name).status == "Completed"
    assert ml_client.jobs.get(first.name).status == "Completed"


def test_a_job_that_takes_too_long_is_canceled(ml_client: MLClient, plane: DataPlane) -> None:
    job = command(command="sleep 60", environment=ENVIRONMENT, compute="cpu-cluster")
    job.set_limits(timeout=1)
    queued = ml_client.jobs.create_or_update(job)
    assert await_end(ml_client, queued.name, 20).status == "Canceled"
    assert plane.details(queued.name)["error"]["error"]["code"] == "JobTimeout"


def test_a_job_sees_a_clean_environment(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path, amlocal_server: AmlocalServer
) -> None:
    script = "import os, json\nprint('ENV' + json.dumps(dict(os.environ)))"
    job = submit(ml_client, tmp_path / "src", "python main.py", script, environment_variables={"MINE": "yes"})
    await_end(ml_client, job.name)
    log = read_log(plane, job.name)
    seen = json.loads(log.partition("ENV")[2].splitlines()[0])
    assert seen["MINE"] == "yes"
    assert seen["MLFLOW_RUN_ID"] == seen["AZUREML_RUN_ID"] == job.name
    assert seen["MLFLOW_TRACKING_URI"].startswith("azureml://localhost:")
    assert "localhost" in seen["NO_PROXY"]
    assert not [key for key in seen if key.startswith(("AMLOCAL_", "MSI_", "PORTAL_", "AWS_"))]
    assert (amlocal_server.home / "secret").read_text() not in log


PARENTS = {
    "AMLOCAL_SECRET": "hidden-1-of-the-server-itself-0123456789",
    "AZURE_CLIENT_SECRET": "hidden-2",
    "AWS_SECRET_ACCESS_KEY": "hidden-3",
    "GITHUB_TOKEN": "hidden-4",
    "HTTPS_PROXY": "http://me:hidden-5@127.0.0.1:9",
    "http_proxy": "http://me:hidden-6@127.0.0.1:9",
    "PIP_EXTRA_INDEX_URL": "https://me:hidden-7@127.0.0.1:9/simple",
    "DATABASE_URL": "postgresql://me:hidden-8@127.0.0.1/db",
}


@pytest.mark.parametrize("own_server", [PARENTS], indirect=True)
def test_no_secret_of_whoever_started_amlocal_reaches_a_job(own_server: AmlocalServer) -> None:
    plane = DataPlane(own_server)
    # Not only its own variables: those of its parents too, down to amlocal, which is not to be asked.
    line = "env; tr '\\0' '\\n' < /proc/$PPID/environ; cat ~/.netrc ~/.config/pip/pip.conf 2>/dev/null; true"
    body = {"properties": {"jobType": "Command", "command": line, "environmentId": ENVIRONMENT}}
    assert plane.call("PUT", "", "jobs/curious", body).status_code == 201
    wait_for(lambda: plane.details("curious")["status"] == "Completed")
    log = read_log(plane, "curious")
    assert "AZUREML_RUN_ID=curious" in log
    assert "hidden-" not in log
    assert own_server.env["MSI_SECRET"] not in log


@pytest.fixture
def quiet_client(amlocal_server: AmlocalServer, connect: Callable[..., MLClient], name: str) -> Iterator[MLClient]:
    """A client of a workspace where no other test's jobs are in the lists."""
    env = amlocal_server.env
    one = {"subscription": env["AMLOCAL_SUBSCRIPTION_ID"], "group": env["AMLOCAL_RESOURCE_GROUP"], "name": name}
    amlocal_server.control("POST", "seed", {"workspaces": [one]})
    client = connect(workspace=name)
    yield client
    client.workspaces.begin_delete(name, delete_dependent_resources=False).result()


def test_jobs_are_listed_newest_first_and_archived(quiet_client: MLClient) -> None:
    names = [submit(quiet_client, None, "true").name for _ in range(4)]
    assert [job.name for job in quiet_client.jobs.list()] == names[::-1]
    quiet_client.jobs.archive(names[0])
    assert [job.name for job in quiet_client.jobs.list()] == names[:0:-1]
    assert [job.name for job in quiet_client.jobs.list(list_view_type="ArchivedOnly")] == names[:1]
    quiet_client.jobs.restore(names[0])
    assert [job.name for job in quiet_client.jobs.list()] == names[::-1]


def test_tags_and_properties_can_change_later_but_the_command_cannot(ml_client: MLClient) -> None:
    job = submit(ml_client, None, "true", tags={"a": "1"}, properties={"kept": "yes"})
    await_end(ml_client, job.name)
    changed = ml_client.jobs.update(job.name, tags={"b": "2"}, display_name="Shown", description="Told")
    assert changed.tags == {"a": "1", "b": "2"}
    assert (changed.display_name, changed.description) == ("Shown", "Told")
    assert changed.properties["kept"] == "yes"
    again = command(name=job.name, command="false", environment=ENVIRONMENT, compute="cpu-cluster")
    with pytest.raises(HttpResponseError, match="already exists"):
        ml_client.jobs.create_or_update(again)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"compute": "no-such-cluster"}, "no-such-cluster"),
        ({"name": "-bad-"}, "begins with"),
    ],
)
def test_what_cannot_run_is_refused_at_once(ml_client: MLClient, more: dict[str, str], words: str) -> None:
    with pytest.raises((HttpResponseError, ResourceNotFoundError), match=words):
        submit(ml_client, None, **{"line": "true", **more})


def test_a_missing_input_fails_the_job_with_a_sentence(ml_client: MLClient, plane: DataPlane) -> None:
    path = "azureml://datastores/workspaceblobstore/paths/nothing/here"
    job = submit(ml_client, None, "cat ${{inputs.x}}", inputs={"x": Input(type="uri_file", path=path)})
    assert await_end(ml_client, job.name).status == "Failed"
    assert "nothing/here" in plane.details(job.name)["error"]["error"]["message"]


def test_a_command_with_an_unfilled_hole_is_refused(plane: DataPlane) -> None:
    properties = {"jobType": "Command", "command": "echo ${{inputs.missing}}", "environmentId": ENVIRONMENT}
    answer = plane.call("PUT", "", "jobs/holey", {"properties": properties})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UserError")
    assert "missing" in answer.json()["error"]["message"]


def test_an_unknown_job_is_not_found(ml_client: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError):
        ml_client.jobs.get("never-was")


def test_other_kinds_of_jobs_answer_501(plane: DataPlane) -> None:
    answer = plane.call("PUT", "", "jobs/x", {"properties": {"jobType": "Sweep"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplementedHere")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"tag": "color"}, {"red", "blue"}),
        ({"tag": "color=red"}, {"red"}),
        ({"properties": "shape"}, {"red", "blue"}),
        ({"properties": "shape=round,size"}, {"red"}),
        ({"properties": "size=9"}, set()),
        ({"jobType": "Command", "listViewType": "All"}, {"red", "blue"}),
        ({"jobType": "Sweep"}, set()),
        ({"scheduled": "true"}, set()),
        ({"listViewType": "ArchivedOnly"}, set()),
    ],
)
def test_jobs_are_filtered(plane: DataPlane, name: str, query: dict[str, str], wanted: set[str]) -> None:
    for color, shape in (("red", {"shape": "round", "size": "3"}), ("blue", {"shape": "flat"})):
        asked = {"jobType": "Command", "command": "true", "environmentId": ENVIRONMENT, "properties": shape}
        body = {"properties": {**asked, "tags": {"color": color, "of": name}}}
        assert plane.call("PUT", "", f"jobs/{name}-{color}", body).status_code == 201
    listed = plane.call("GET", "", "jobs", **query).json()["value"]
    found = {job["properties"]["tags"]["color"] for job in listed if job["properties"]["tags"].get("of") == name}
    assert found == wanted


@pytest.mark.parametrize("own_server", [{"AMLOCAL_TIME_SCALE": "0"}], indirect=True)
def test_jobs_of_a_cluster_start_in_the_order_they_came_in(own_server: AmlocalServer, tmp_path: Path) -> None:
    plane = DataPlane(own_server)
    scale = {"minNodeCount": 0, "maxNodeCount": 2}
    cluster = {"computeType": "AmlCompute", "properties": {"vmSize": "Standard_DS3_v2", "scaleSettings": scale}}
    assert plane.call("PUT", "", "computes/two", {"location": "eastus", "properties": cluster}).status_code == 201
    asked = {"jobType": "Command", "environmentId": ENVIRONMENT, "computeId": f"{plane.workspace}/computes/two"}
    names = [f"job-{number:02}" for number in range(16)]
    for number, job in enumerate(names):
        # Every third needs both nodes.
        more = {"command": f"echo {job}", "resources": {"instanceCount": 2 if number % 3 == 0 else 1}}
        assert plane.call("PUT", "", f"jobs/{job}", {"properties": {**asked, **more}}).status_code == 201
    wait_for(lambda: all(plane.details(job)["status"] == "Completed" for job in names), seconds=60)
    started = [plane.details(job)["startTimeUtc"] for job in names]
    assert started == sorted(started)


@pytest.mark.parametrize("own_server", [UNHURRIED], indirect=True)
def test_a_job_that_was_canceled_while_it_ended_is_canceled(own_server: AmlocalServer, name: str) -> None:
    plane = DataPlane(own_server)
    body = {"properties": {"jobType": "Command", "command": "true", "environmentId": ENVIRONMENT}}
    assert plane.call("PUT", "", f"jobs/{name}", body).status_code == 201
    wait_for(lambda: plane.details(name)["status"] == "Finalizing")
    plane.call("POST", "", f"jobs/{name}/cancel")
    wait_for(lambda: plane.details(name)["status"] == "Canceled")


ENDINGS = {
    "kill -9 $$": "status code 137",
    "exit 77": "status code 77",
    "no-such-command": "status code 127.*not found",
    r"printf '\377\376 torn'; false": "status code 1.*torn",
    "sleep 300 & exit 3": "status code 3",
}


@pytest.mark.parametrize(("line", "words"), ENDINGS.items(), ids=ENDINGS)
def test_how_a_command_ended_is_told(ml_client: MLClient, plane: DataPlane, line: str, words: str) -> None:
    job = submit(ml_client, None, line)
    assert await_end(ml_client, job.name).status == "Failed"
    assert re.search(words, plane.details(job.name)["error"]["error"]["message"], re.DOTALL)


def test_a_large_log_is_copied_whole(ml_client: MLClient, plane: DataPlane, tmp_path: Path) -> None:
    script = "import sys\nfor i in range(20000):\n    print(f'{i:08d}' + 'x' * 991)\nprint('the end', end='')"
    job = submit(ml_client, tmp_path / "src", "python main.py", script)
    assert await_end(ml_client, job.name).status == "Completed"
    log = read_log(plane, job.name)
    assert len(log) == 20_000 * 1000 + len("the end")
    assert log.endswith("the end")
