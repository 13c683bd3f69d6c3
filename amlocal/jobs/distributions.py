"""Distributed jobs: how many processes on how many nodes, what each is told, what starts them. All nodes are this
machine, each with a working folder of its own. How a job is followed is in executions.py."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlocal.web.http import ArmError

KINDS = {"pytorch": "PyTorch", "tensorflow": "TensorFlow", "mpi": "Mpi"}
HOST = "127.0.0.1"
MPI_LOG = "mpi_log.txt"
MPIRUN = "mpirun"
_FAILED = "failed"
# Open MPI 4 and 5 refuse root, and more processes than cores, unless they are told otherwise.
MPI_VARIABLES = {
    **{f"{kind}_ALLOW_RUN_AS_ROOT{end}": "1" for kind in ("OMPI", "PRTE") for end in ("", "_CONFIRM")},
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
_LAUNCHER = Path(__file__).parent.parent / "bundled" / "ranks" / "launch.py"


class NoMpi(Exception):
    def __str__(self) -> str:
        return (
            f"The job is distributed by MPI, and its environment has no `{MPIRUN}`: install Open MPI or MPICH on this"
            " machine, or name the package `openmpi` in the environment's conda file."
        )


@dataclass(frozen=True)
class Distribution:
    """`kind` is a key of KINDS; `workers` and `servers` (of parameters) are spread over the nodes."""

    kind: str
    nodes: int
    workers: int
    servers: int = 0

    @property
    def count(self) -> int:
        return self.workers + self.servers

    @property
    def per_node(self) -> int:
        return -(-self.workers // self.nodes)


def count_nodes(properties: Mapping[str, Any]) -> int:
    return int((properties.get("resources") or {}).get("instanceCount") or 1)


def check(properties: Mapping[str, Any]) -> None:
    """Raises ArmError 400, and 501 for a kind of distribution that is not here."""
    kind = _kind(properties)
    if kind and kind not in KINDS:
        raise ArmError(501, "NotImplementedHere", f"Jobs distributed by {kind} are not in amlocal, only {_list()}.")
    asked = properties.get("distribution") or {}
    counts = [asked.get(name) for name in ("processCountPerInstance", "workerCount")] + [count_nodes(properties)]
    if any(count is not None and int(count) < 1 for count in counts):
        raise ArmError(400, "UserError", "A job has at least one node and one process on each.")


def read(properties: Mapping[str, Any]) -> Distribution | None:
    """None for a job that is not distributed: its command runs once, whatever its number of nodes."""
    kind, nodes = _kind(properties), count_nodes(properties)
    asked = properties.get("distribution") or {}
    if not kind:
        return None
    if kind == "tensorflow":
        return Distribution(
            kind, nodes, int(asked.get("workerCount") or nodes), int(asked.get("parameterServerCount") or 0)
        )
    return Distribution(kind, nodes, nodes * int(asked.get("processCountPerInstance") or 1))


def name_logs(distribution: Distribution | None) -> list[str]:
    """The files under user_logs, the one that is streamed first. Azure pads the number: `std_log_process_00.txt`; that
    it does so to the digits of the highest is a guess."""
    if distribution is None:
        return ["std_log.txt"]
    digits = len(str(distribution.count - 1))
    names = [f"std_log_process_{rank:0{digits}}" for rank in range(distribution.count)]
    servers = [f"{name}_ps.txt" for name in names[distribution.workers :]]
    return (
        [f"{name}.txt" for name in names[: distribution.workers]] + servers + [MPI_LOG] * (distribution.kind == "mpi")
    )


def read_failed(folder: Path) -> str | None:
    """The log of the process that failed first; None when none did, or mpirun itself."""
    file = folder / _FAILED
    return file.read_text() if file.exists() else None


def plan(
    distribution: Distribution, command: Sequence[str], folder: Path, nodes: Sequence[Path], path: str
) -> list[str]:
    """What to start instead of `command`. The plan and the logs are in `folder`; each node's folder has `work` and
    `home`. `path` is where mpirun is looked for. Raises NoMpi."""
    launch = [sys.executable, "-I", str(_LAUNCHER), str(folder / "plan.json")]
    if distribution.kind == "mpi":
        mpirun = shutil.which(MPIRUN, path=path)
        if mpirun is None:
            raise NoMpi
        launch = [mpirun, "-n", str(distribution.count), *launch, "mine"]
    ranks = _lay_out(distribution, folder, nodes)
    facts = {"command": list(command), "ranks": ranks, "failed": str(folder / _FAILED)}
    (folder / "plan.json").write_text(json.dumps(facts))
    for rank in ranks:
        Path(rank["log"]).touch()
    return launch


def _lay_out(distribution: Distribution, folder: Path, nodes: Sequence[Path]) -> list[dict[str, Any]]:
    """One entry for each process, as launch.py reads it."""
    names = name_logs(distribution)
    places = [rank // distribution.per_node for rank in range(distribution.workers)]
    places += [server % distribution.nodes for server in range(distribution.servers)]
    return [
        {
            "log": str(folder / names[rank]),
            "directory": str(nodes[node] / "work"),
            "variables": {**variables, "HOME": str(nodes[node] / "home"), "TMPDIR": str(nodes[node] / "home")},
            "is_server": rank >= distribution.workers,
        }
        for rank, (node, variables) in enumerate(zip(places, _tell(distribution, places), strict=True))
    ]


def _tell(distribution: Distribution, nodes: Sequence[int]) -> list[dict[str, str]]:
    """The variables of each process, as Azure names them."""
    ports = _free_ports(distribution.count + 1)
    common = {
        "MASTER_ADDR": HOST,
        "MASTER_PORT": str(ports[-1]),
        "AZ_BATCH_MASTER_NODE": f"{HOST}:{ports[-1]}",
        "AZ_BATCH_HOST_LIST": ",".join([HOST] * distribution.nodes),
        "AZ_BATCHAI_JOB_MASTER_NODE_IP": HOST,
        "AZ_BATCHAI_MPI_MASTER_NODE": HOST,
        "AZUREML_NODE_COUNT": str(distribution.nodes),
    }
    own = {"tensorflow": _tell_tensorflow, "pytorch": _tell_pytorch, "mpi": _tell_mpi}[distribution.kind]
    return [
        {
            **common,
            "NODE_RANK": str(node),
            "AZUREML_CR_NODE_RANK": str(node),
            "AZ_BATCHAI_TASK_INDEX": str(node),
            **own(distribution, rank, node, ports),
        }
        for rank, node in enumerate(nodes)
    ]


def _tell_pytorch(distribution: Distribution, rank: int, node: int, ports: Sequence[int]) -> dict[str, str]:
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank - node * distribution.per_node),
        "WORLD_SIZE": str(distribution.workers),
        "AZUREML_PROCESS_NAME": f"rank_{rank}",
    }


def _tell_tensorflow(distribution: Distribution, rank: int, node: int, ports: Sequence[int]) -> dict[str, str]:
    """Azure names `ps` even when there is none; TensorFlow 2.13 and later need it to be taken out."""
    hosts = [f"{HOST}:{port}" for port in ports[: distribution.count]]
    is_server = rank >= distribution.workers
    task = {"type": "ps", "index": rank - distribution.workers} if is_server else {"type": "worker", "index": rank}
    cluster = {"worker": hosts[: distribution.workers], "ps": hosts[distribution.workers :]}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}


def _tell_mpi(distribution: Distribution, rank: int, node: int, ports: Sequence[int]) -> dict[str, str]:
    """mpirun sets OMPI_* for one machine; these are what they would be on so many nodes."""
    local = str(rank - node * distribution.per_node)
    return {
        "OMPI_COMM_WORLD_LOCAL_RANK": local,
        "OMPI_COMM_WORLD_NODE_RANK": local,
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(distribution.per_node),
        "AZUREML_PROCESS_NAME": f"rank_{rank}",
    }


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in sockets]


def _kind(properties: Mapping[str, Any]) -> str:
    return str((properties.get("distribution") or {}).get("distributionType") or "").lower()


def _list() -> str:
    return ", ".join(KINDS.values())
