"""Distributed jobs: as many processes as Azure would start, each with Azure's variables; they meet, fail and end
together."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient, MpiDistribution, PyTorchDistribution, TensorFlowDistribution
from azure.ai.ml.entities import AmlCompute
from azure.core.exceptions import HttpResponseError

from amlocal import log_locations
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, await_status, submit
from tests.amlocal.serving_at_work import is_alive
from tests.amlocal_server import AmlocalServer, wait_for

MEET = """
import json, os, socket
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    server = socket.create_server(address)
    told = []
    for _ in range(size - 1):
        connection, _ = server.accept()
        told.append(connection.makefile().readline().strip())
    print("MET", sorted(told))
else:
    while True:
        try:
            socket.create_connection(address).sendall(f"{rank}\\n".encode())
            break
        except ConnectionRefusedError:
            pass
os.makedirs("outputs", exist_ok=True)
open(f"outputs/{rank}.txt", "w").write(os.getcwd())
print("ENV" + json.dumps(dict(os.environ)))
"""
TELL = "import json, os\nprint('ENV' + json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def read_logs(plane: DataPlane, job: str) -> dict[str, str]:
    files = plane.details(job)["logFiles"].items()
    return {name.removeprefix("user_logs/"): requests.get(url, timeout=10).text for name, url in files}


def read_environments(logs: dict[str, str]) -> list[dict[str, str]]:
    """What each process saw, in the order of the logs' names."""
    return [json.loads(logs[name].partition("ENV")[2].splitlines()[0]) for name in sorted(logs) if "ENV" in logs[name]]


def test_pytorch_processes_meet_at_the_masters_address(
    ml_client: MLClient,
    plane: DataPlane,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    amlocal_server: AmlocalServer,
) -> None:
    job = submit(
        ml_client,
        tmp_path / "src",
        # `jobs.stream` tells the log only when it has seen the job unfinished once.
        "sleep 2; python main.py",
        MEET,
        instance_count=2,
        distribution=PyTorchDistribution(process_count_per_instance=2),
    )
    ml_client.jobs.stream(job.name)
    assert "MET ['1', '2', '3']" in capsys.readouterr().out
    assert ml_client.jobs.get(job.name).status == "Completed"
    logs = read_logs(plane, job.name)
    assert sorted(logs) == [f"std_log_process_{rank}.txt" for rank in range(4)]
    found = log_locations.find(amlocal_server.home, job.name)
    assert found is not None
    assert found.read_text() == logs["std_log_process_0.txt"], "what `python -m amlocal logs NAME` shows"
    seen = read_environments(logs)
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "AZUREML_CR_NODE_RANK", "AZUREML_NODE_COUNT")
    assert [[variables[name] for name in names] for variables in seen] == [
        ["0", "0", "0", "4", "0", "2"],
        ["1", "1", "0", "4", "0", "2"],
        ["2", "0", "1", "4", "1", "2"],
        ["3", "1", "1", "4", "1", "2"],
    ]
    assert {variables["AZ_BATCHAI_JOB_MASTER_NODE_IP"] for variables in seen} == {"127.0.0.1"}
    assert {variables["AZ_BATCH_HOST_LIST"] for variables in seen} == {"127.0.0.1,127.0.0.1"}
    assert {variables["AZUREML_RUN_ID"] for variables in seen} == {job.name}
    ml_client.jobs.download(job.name, download_path=tmp_path / "down", all=True)
    folders = [(tmp_path / "down" / "artifacts" / "outputs" / f"{rank}.txt").read_text() for rank in range(4)]
    assert folders[0] == folders[1] != folders[2] == folders[3], "each node has a working folder of its own"


def test_tensorflow_workers_and_servers_are_told_of_each_other(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path
) -> None:
    script = (
        "import json, os, time\n"
        "config = json.loads(os.environ['TF_CONFIG'])\n"
        "print('ENV' + json.dumps(dict(os.environ)), flush=True)\n"
        "time.sleep(300 if config['task']['type'] == 'ps' else 0)\n"
    )
    distribution = TensorFlowDistribution(worker_count=2, parameter_server_count=1)
    job = submit(ml_client, tmp_path / "src", "python main.py", script, instance_count=2, distribution=distribution)
    assert await_end(ml_client, job.name).status == "Completed", "parameter servers do not end by themselves"
    logs = read_logs(plane, job.name)
    assert sorted(logs) == ["std_log_process_0.txt", "std_log_process_1.txt", "std_log_process_2_ps.txt"]
    configs = [json.loads(seen["TF_CONFIG"]) for seen in read_environments(logs)]
    assert [config["task"] for config in configs] == [
        {"type": "worker", "index": 0},
        {"type": "worker", "index": 1},
        {"type": "ps", "index": 0},
    ]
    assert configs[0]["cluster"] == configs[2]["cluster"]
    assert [len(configs[0]["cluster"][kind]) for kind in ("worker", "ps")] == [2, 1]


def test_workers_are_as_many_as_nodes_unless_told_otherwise(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path
) -> None:
    job = submit(
        ml_client, tmp_path / "src", "python main.py", TELL, instance_count=2, distribution=TensorFlowDistribution()
    )
    assert await_end(ml_client, job.name).status == "Completed"
    configs = [json.loads(seen["TF_CONFIG"]) for seen in read_environments(read_logs(plane, job.name))]
    assert [config["task"]["index"] for config in configs] == [0, 1]
    assert configs[0]["cluster"]["ps"] == []


def test_one_that_fails_ends_the_others_and_is_named(ml_client: MLClient, plane: DataPlane, tmp_path: Path) -> None:
    script = (
        "import os, time\n"
        f"folder = {str(tmp_path)!r}\n"
        "rank = os.environ['RANK']\n"
        "open(f'{folder}/{rank}.part', 'w').write(str(os.getpid()))\n"
        "os.rename(f'{folder}/{rank}.part', f'{folder}/{rank}.pid')\n"
        "while rank == '1' and not (os.path.exists(folder + '/0.pid') and os.path.exists(folder + '/2.pid')):\n"
        "    time.sleep(0.05)\n"
        "if rank == '1':\n"
        "    raise ValueError('the second gives up')\n"
        "time.sleep(300)\n"
    )
    distribution = PyTorchDistribution(process_count_per_instance=3)
    job = submit(ml_client, tmp_path / "src", "python main.py", script, distribution=distribution)
    assert await_end(ml_client, job.name).status == "Failed"
    error = plane.details(job.name)["error"]["error"]
    assert "user_logs/std_log_process_1.txt" in error["message"]
    assert "ValueError: the second gives up" in error["message"]
    assert not any(is_alive(int((tmp_path / f"{rank}.pid").read_text())) for rank in range(3))


def test_cancel_ends_every_process(ml_client: MLClient, tmp_path: Path) -> None:
    script = (
        "import os, time\n"
        f"open({str(tmp_path)!r} + '/' + os.environ['RANK'] + '.pid', 'w').write(str(os.getpid()))\n"
        "time.sleep(300)\n"
    )
    distribution = PyTorchDistribution(process_count_per_instance=2)
    job = submit(ml_client, tmp_path / "src", "python main.py", script, instance_count=2, distribution=distribution)
    files = [tmp_path / f"{rank}.pid" for rank in range(4)]
    wait_for(lambda: all(file.exists() and file.read_text() for file in files))
    ml_client.jobs.begin_cancel(job.name).wait()
    assert await_end(ml_client, job.name).status == "Canceled"
    assert not any(is_alive(int(file.read_text())) for file in files)


def test_a_job_waits_until_its_nodes_are_free_and_none_overtakes_it(
    ml_client: MLClient, tmp_path: Path, name: str
) -> None:
    ml_client.compute.begin_create_or_update(AmlCompute(name=name, size="Standard_DS3_v2", max_instances=2)).result()
    order, go = tmp_path / "order", tmp_path / "go"
    first = submit(ml_client, None, f"while [ ! -e {go} ]; do sleep 0.1; done", compute=name)
    await_status(ml_client, first.name, ("Running",))
    many = PyTorchDistribution()
    both = submit(ml_client, None, f"echo both >> {order}", compute=name, instance_count=2, distribution=many)
    await_status(ml_client, both.name, ("Queued",))
    last = submit(ml_client, None, f"echo last >> {order}", compute=name)
    await_status(ml_client, last.name, ("Queued",))
    go.touch()
    assert {await_end(ml_client, job.name).status for job in (both, last)} == {"Completed"}
    assert order.read_text().split() == ["both", "both", "last"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"instance_count": 5}, "asks for 5 nodes.*at most 4"),
        ({"distribution": PyTorchDistribution(process_count_per_instance=0)}, "at least one"),
    ],
)
def test_what_can_never_start_is_refused(ml_client: MLClient, more: dict[str, Any], words: str) -> None:
    with pytest.raises(HttpResponseError, match=words):
        submit(ml_client, None, "true", **more)


@pytest.mark.skipif(shutil.which("mpirun") is not None, reason="this machine has MPI")
def test_mpi_needs_mpirun(ml_client: MLClient, plane: DataPlane) -> None:
    job = submit(ml_client, None, "true", instance_count=2, distribution=MpiDistribution(process_count_per_instance=2))
    assert await_end(ml_client, job.name).status == "Failed"
    assert "no `mpirun`" in plane.details(job.name)["error"]["error"]["message"]


# The part of Open MPI's mpirun that amlocal relies on: it starts a command N times and tells each its rank.
MPIRUN = """#!/bin/sh
[ "$1" = -n ] || exit 9
count=$2; shift 2
for rank in $(seq 0 $((count - 1))); do
  OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=$count "$@" || touch "$TMPDIR/broken" &
done
wait
echo "mpirun has ended"
[ ! -e "$TMPDIR/broken" ]
"""


@pytest.fixture
def mpi_server(tmp_path: Path) -> Any:
    """An amlocal whose PATH begins with such an mpirun; a real one is used in the same way."""
    program = tmp_path / "bin" / "mpirun"
    program.parent.mkdir()
    program.write_text(MPIRUN)
    program.chmod(0o755)
    server = AmlocalServer(tmp_path / "amlocal", {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"})
    server.start()
    with server.client_environment():
        yield server
    server.stop()


def test_mpi_starts_what_mpirun_starts(mpi_server: AmlocalServer) -> None:
    plane = DataPlane(mpi_server)
    properties = {
        "jobType": "Command",
        "command": """python -c 'import json, os; print("ENV" + json.dumps(dict(os.environ)))'""",
        "computeId": f"{plane.workspace}/computes/cpu-cluster",
        "environmentId": "azureml://registries/azureml/environments/x/versions/1",
        "distribution": {"distributionType": "Mpi", "processCountPerInstance": 2},
        "resources": {"instanceCount": 2},
    }
    assert plane.call("PUT", "", "jobs/many", {"properties": properties}).status_code == 201
    wait_for(lambda: plane.details("many")["status"] == "Completed", seconds=30)
    logs = read_logs(plane, "many")
    assert logs.pop("mpi_log.txt") == "mpirun has ended\n"
    names = ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE", "NODE_RANK")
    assert [[seen[name] for name in names] for seen in read_environments(logs)] == [
        ["0", "0", "2", "0"],
        ["1", "1", "2", "0"],
        ["2", "0", "2", "1"],
        ["3", "1", "2", "1"],
    ]
