"""What becomes of the processes of jobs and endpoints when amlocal is stopped, killed and started again."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.identity import ManagedIdentityCredential

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, await_status, submit
from tests.amlocal.serving_at_work import Served, is_alive
from tests.amlocal_server import AmlocalServer, wait_for

COUNTING = """
import os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
for i in range(int(sys.argv[2])):
    print(f"tick {i}")
    time.sleep(0.1)
"""


@pytest.fixture
def client(own_server: AmlocalServer) -> MLClient:
    env = own_server.env
    names = (env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], env["AMLOCAL_WORKSPACE"])
    return MLClient(ManagedIdentityCredential(), *names)


def start_counting(client: MLClient, folder: Path, ticks: int) -> tuple[str, int]:
    """A running job and the pid of its Python."""
    file = folder / "pid"
    job = submit(client, folder / "src", f"python main.py {file} {ticks}", COUNTING)
    wait_for(lambda: file.exists() and file.read_text())
    return job.name, int(file.read_text())


def read_log(server: AmlocalServer, job: str) -> str:
    return requests.get(DataPlane(server).details(job)["logFiles"]["user_logs/std_log.txt"], timeout=10).text


def test_a_job_goes_on_while_amlocal_is_killed_and_is_followed_to_its_end(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    job, pid = start_counting(client, tmp_path, 40)
    own_server.kill()
    assert is_alive(pid)
    own_server.start()
    assert client.jobs.get(job).status in ("Running", "Finalizing", "Completed")
    assert await_end(client, job).status == "Completed"
    assert read_log(own_server, job).split() == [word for i in range(40) for word in ("tick", str(i))]


def test_a_job_that_ended_while_amlocal_was_dead_ends_as_it_did(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    job, pid = start_counting(client, tmp_path, 10)
    failing = submit(client, None, f"sleep 1; echo so; touch {tmp_path}/ends; exit 7")
    await_status(client, failing.name, ("Running",))
    own_server.kill()
    wait_for(lambda: not is_alive(pid) and (tmp_path / "ends").exists())
    own_server.start()
    assert await_end(client, job).status == "Completed"
    assert await_end(client, failing.name).status == "Failed"
    assert "status code 7" in DataPlane(own_server).details(failing.name)["error"]["error"]["message"]
    assert "tick 9" in read_log(own_server, job)


def test_stopping_amlocal_ends_its_jobs_with_a_reason(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    job, pid = start_counting(client, tmp_path, 600)
    own_server.stop()
    assert not is_alive(pid)
    own_server.start()
    assert client.jobs.get(job).status == "Failed"
    error = DataPlane(own_server).details(job)["error"]["error"]
    assert error["code"] == "JobInterrupted"
    assert "tick 0" in read_log(own_server, job)


def test_waiting_jobs_run_after_a_restart(own_server: AmlocalServer, client: MLClient, tmp_path: Path) -> None:
    from azure.ai.ml.entities import AmlCompute

    client.compute.begin_create_or_update(AmlCompute(name="one", size="Standard_DS3_v2", max_instances=1)).result()
    running = submit(client, None, "sleep 2", compute="one")
    await_status(client, running.name, ("Running",))
    waiting = submit(client, None, "echo waited", compute="one")
    await_status(client, waiting.name, ("Queued",))
    own_server.kill()
    own_server.start()
    assert await_end(client, waiting.name).status == "Completed"
    assert "waited" in read_log(own_server, waiting.name)


def test_a_job_whose_process_died_with_amlocal_fails(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    import os
    import signal

    job, pid = start_counting(client, tmp_path, 600)
    own_server.kill()
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    own_server.start()
    assert await_end(client, job).status == "Failed"
    assert DataPlane(own_server).details(job)["error"]["error"]["code"] == "ProcessKilled"


def test_canceling_a_job_that_was_adopted_ends_it(own_server: AmlocalServer, client: MLClient, tmp_path: Path) -> None:
    job, pid = start_counting(client, tmp_path, 600)
    own_server.kill()
    own_server.start()
    client.jobs.begin_cancel(job).wait()
    assert await_end(client, job).status == "Canceled"
    wait_for(lambda: not is_alive(pid))


def test_an_endpoint_answers_again_after_a_kill_and_after_a_restart(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    served = Served(client, tmp_path / "served", "ep-again")
    served.deploy("blue", instance_count=2)
    served.route(blue=100)
    before = {served.post().json()["pid"] for _ in range(4)}
    own_server.kill()
    own_server.start()
    adopted = {served.post().json()["pid"] for _ in range(4)}
    assert adopted == before
    own_server.kill()
    import os

    for pid in before:
        os.kill(pid, 9)
    own_server.start()
    anew = {served.post().json()["pid"] for _ in range(4)}
    assert len(anew) == 2
    assert anew.isdisjoint(before)
    own_server.stop()
    wait_for(lambda: not any(is_alive(pid) for pid in anew), seconds=3)
    own_server.start()
    assert served.post().status_code == 200


@pytest.mark.extended
def test_a_kill_in_the_middle_of_a_deployment_loses_nothing(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    served = Served(client, tmp_path / "served", "ep-middle")
    served.deploy("blue")
    plane = DataPlane(own_server)
    path = f"onlineEndpoints/{served.name}/deployments"
    body = plane.call("GET", "", f"{path}/blue").json()
    assert plane.call("PUT", "", f"{path}/green", body).status_code == 201
    wait_for(lambda: len(list((own_server.home / "serving").iterdir())) == 2)
    own_server.kill()
    own_server.start()
    wait_for(lambda: plane.call("GET", "", f"{path}/green").json()["properties"]["provisioningState"] == "Succeeded")
    assert served.post(azureml_model_deployment="green").status_code == 200
    served.delete()
    assert not list((own_server.home / "serving").iterdir())


def test_a_kill_in_the_middle_of_scaling_leaves_no_server_too_many(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    served = Served(client, tmp_path / "served", "ep-scaled")
    served.deploy("blue")
    plane = DataPlane(own_server)
    path = f"onlineEndpoints/{served.name}/deployments/blue"
    body = plane.call("GET", "", path).json()
    body["sku"]["capacity"] = 2
    assert plane.call("PUT", "", path, body).status_code == 200
    file = wait_for(lambda: next(own_server.home.glob("serving/*/1/instances/1/pid"), None))
    half_started = int(wait_for(file.read_text))
    own_server.kill()
    own_server.start()
    wait_for(lambda: plane.call("GET", "", path).json()["properties"]["provisioningState"] == "Succeeded")
    wait_for(lambda: not is_alive(half_started))
    assert len({served.post(azureml_model_deployment="blue").json()["pid"] for _ in range(6)}) == 2


def test_a_stop_in_the_middle_of_a_deployment_leaves_no_process_and_goes_on_later(
    own_server: AmlocalServer, client: MLClient, tmp_path: Path
) -> None:
    served = Served(client, tmp_path / "served", "ep-stopped")
    plane = DataPlane(own_server)
    path = f"onlineEndpoints/{served.name}/deployments"
    served.deploy("blue")
    body = plane.call("GET", "", f"{path}/blue").json()
    assert plane.call("PUT", "", f"{path}/green", body).status_code == 201
    wait_for(lambda: list(own_server.home.glob("serving/*/1/instances/*/pid"))[1:])
    pids = [int(file.read_text()) for file in own_server.home.glob("serving/*/1/instances/*/pid")]
    own_server.stop()
    assert not any(is_alive(pid) for pid in pids)
    own_server.start()
    wait_for(lambda: plane.call("GET", "", f"{path}/green").json()["properties"]["provisioningState"] == "Succeeded")
    assert served.post(azureml_model_deployment="green").status_code == 200


ESCAPES = {
    "a stubborn child": "trap '' TERM; sleep 300 & echo $! ; wait",
    "one that the end of its parent leaves behind": "sleep 300 & echo $!",
    "a daemon in a session of its own": "setsid sleep 300 & sleep 0.2; echo $!",
    "a group of its own without environment": "bash -c 'set -m; env -i /bin/sleep 300 & echo $!'",
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES)
def test_processes_are_ended_with_all_they_started(tmp_path: Path, script: str) -> None:
    from amlocal import processes

    child = processes.spawn(
        ["/bin/sh", "-c", script],
        folder=tmp_path / "p",
        directory=tmp_path,
        environment=processes.clean_environment(tmp_path),
        log=tmp_path / "log",
    )
    wait_for(lambda: (tmp_path / "log").read_text().strip())
    started = int((tmp_path / "log").read_text())
    assert is_alive(started)
    processes.end(child, grace_seconds=0.3)
    assert not is_alive(started)
    assert not child.is_alive()


def test_what_a_dead_leader_left_behind_is_found_after_a_restart(tmp_path: Path) -> None:
    from amlocal import processes

    child = processes.spawn(
        ["/bin/sh", "-c", "sleep 300 & echo $!"],
        folder=tmp_path / "p",
        directory=tmp_path,
        environment=processes.clean_environment(tmp_path),
        log=tmp_path / "log",
    )
    assert child.popen is not None
    child.popen.wait()
    left = int((tmp_path / "log").read_text())
    found = processes.find(tmp_path / "p")
    assert found is not None
    assert not found.is_alive()
    processes.end(found)
    assert not is_alive(left)


def test_a_stranger_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    import subprocess

    from amlocal import processes

    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        (tmp_path / "process.json").write_text('{"mark": "amlocal-0123456789abcdef"}')
        (tmp_path / "pid").write_text(str(stranger.pid))
        found = processes.find(tmp_path)
        assert found is not None
        assert not found.is_alive()
        processes.end(found)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
