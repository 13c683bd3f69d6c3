"""amlocal alone: start, memory, reads, 64 clients at once, and pages that stay flat with many jobs and metric points.

Modest by default; AMLOCAL_BENCH=full takes 10,000 jobs, 1,000,000 points and 100,000 requests.
"""

import concurrent.futures
import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from amlocal.storage.addresses import Addresses
from amlocal.storage.store import Scope, Store
from amlocal.tracking import runs
from benchmarks import figures
from tests.amlocal_server import ROOT, AmlocalServer

IS_FULL = os.environ.get("AMLOCAL_BENCH") == "full"
JOBS = (100, 10_000) if IS_FULL else (100, 1_000)
POINTS = (1_000, 1_000_000) if IS_FULL else (1_000, 50_000)
REQUESTS = 100_000 if IS_FULL else 5_000
CLIENTS = 64
REPEATS = 200
BATCH = 1_000


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="amlocal-bench-", ignore_cleanup_errors=True) as folder:
        server = AmlocalServer(Path(folder))
        _measure_start(server)
        server.start()
        try:
            figures.row("amlocal: memory after the start", [_memory(server)], "MB")
            figures.row(
                "amlocal: GET of a compute, one client", Asked(server).times("computes/cpu-cluster", REPEATS), "ms", 2
            )
            _measure_clients(server)
            _measure_jobs(server)
            _measure_points(server)
            _measure_soak(server)
        finally:
            server.stop()


class Asked:
    """One client with one connection."""

    def __init__(self, server: AmlocalServer) -> None:
        env = server.env
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = server.ca_bundle
        told = self.session.get(
            env["MSI_ENDPOINT"], params={"resource": server.url}, headers={"secret": env["MSI_SECRET"]}
        )
        self.session.params = {"api-version": "2024-10-01"}
        self.session.headers["Authorization"] = f"Bearer {told.json()['access_token']}"
        self.workspace = (
            f"/subscriptions/{env['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups/{env['AMLOCAL_RESOURCE_GROUP']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{env['AMLOCAL_WORKSPACE']}"
        )
        self.url = server.url

    def call(self, method: str, path: str, surface: str = "", **more: Any) -> Any:
        answer = self.session.request(method, f"{self.url}{surface}{self.workspace}/{path}", **more)
        answer.raise_for_status()
        return answer.json()

    def mlflow(self, path: str, body: Any) -> Any:
        return self.call("POST", f"api/2.0/mlflow/{path}", "/mlflow/v2.0", json=body)

    def times(self, path: str, repeats: int, surface: str = "") -> list[float]:
        return [_milliseconds(lambda: self.call("GET", path, surface)) for _ in range(repeats)]


def _measure_start(server: AmlocalServer) -> None:
    """From the command to the ready line; the first start is left out, which makes the certificates."""
    _start_once(server)
    figures.row("amlocal: command to ready line", [_start_once(server) for _ in range(5)], "s", 2)


def _start_once(server: AmlocalServer) -> float:
    server.home.mkdir(exist_ok=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "amlocal", "up"]
    process = subprocess.Popen(command, cwd=ROOT, env=server.settings(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    ready = time.perf_counter() - began
    process.terminate()
    process.wait(30)
    process.stdout.close()
    return ready


def _measure_clients(server: AmlocalServer) -> None:
    """All of them read at once, each on its own connection; every answer must be 200."""
    clients = [Asked(server) for _ in range(CLIENTS)]
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        times = list(pool.map(lambda one: one.times("computes/cpu-cluster", 20), clients))
    seconds = time.perf_counter() - began
    figures.row(f"amlocal: GET, {CLIENTS} clients at once", [one for many in times for one in many], "ms", 1)
    figures.row(f"amlocal: answers a second to {CLIENTS} clients", [CLIENTS * 20 / seconds], "", 0)


def _measure_jobs(server: AmlocalServer) -> None:
    made = 0
    for count in JOBS:
        server.stop()
        _make_jobs(server, made, count)
        made = count
        asked = Asked(server.start())
        figures.row(f"amlocal: GET of a job among {count:,}", asked.times("jobs/bench-50", REPEATS), "ms", 2)
        first = asked.times("jobs?listViewType=All", 20)
        figures.row(f"amlocal: first page of {count:,} jobs", first, "ms", 1)
        figures.row(f"amlocal: last page of {count:,} jobs", asked.times(_last_page(asked), 20), "ms", 1)


def _make_jobs(server: AmlocalServer, first: int, last: int) -> None:
    """Straight into the database of a stopped server: real ones would be as many processes."""
    store = Store(server.home / "amlocal.db", Addresses("unused.invalid"))
    scope = Scope(server.env["AMLOCAL_SUBSCRIPTION_ID"], "amlocal", "local")
    properties = {"jobType": "Command", "command": "true", "environmentId": "x", "experimentName": "bench"}
    with store.writing() as connection:
        experiment = runs.ensure_experiment(connection, scope.key, "bench")
        for number in range(first, last):
            made = {
                "name": f"bench-{number}",
                "status": "Completed",
                "is_job": True,
                "user": "bench",
                "tags": {"n": "1"},
            }
            runs.create(connection, scope.key, f"bench-{number}", experiment, **made)
            store.put("jobs", scope, f"bench-{number}", "", {"scope": list(scope), "properties": properties})
    store.close()


def _last_page(asked: "Asked") -> str:
    path, link = "jobs?listViewType=All", ""
    while True:
        link = asked.call("GET", path).get("nextLink", "")
        if not link:
            return path
        path = link.partition(f"{asked.workspace}/")[2]


def _measure_points(server: AmlocalServer) -> None:
    asked = Asked(server)
    run = asked.mlflow("runs/create", {"experiment_id": _experiment(asked), "start_time": 1})["run"]["info"]["run_id"]
    written, seconds = 0, []
    for count in POINTS:
        while written < count:
            points = [{"key": "loss", "value": 0.5, "step": written + n, "timestamp": 1} for n in range(BATCH)]
            body = {"run_id": run, "metrics": points}
            seconds.append(_milliseconds(functools.partial(asked.mlflow, "runs/log-batch", body)))
            written += BATCH
        figures.row(f"amlocal: GET of a run with {count:,} metric points", _history(asked, "runs/get", run), "ms", 2)
        page = _history(asked, "metrics/get-history", run, metric_key="loss", max_results=1000)
        figures.row(f"amlocal: page of 1,000 of {count:,} points", page, "ms", 1)
    figures.row(f"amlocal: log-batch of {BATCH:,} points", seconds, "ms", 1)


def _history(asked: "Asked", path: str, run: str, **query: Any) -> list[float]:
    address, query = f"api/2.0/mlflow/{path}", {"run_id": run, **query}
    return [
        _milliseconds(functools.partial(asked.call, "GET", address, "/mlflow/v2.0", params=query)) for _ in range(50)
    ]


def _experiment(asked: "Asked") -> str:
    return str(asked.mlflow("experiments/create", {"name": "points"})["experiment_id"])


def _measure_soak(server: AmlocalServer) -> None:
    """Memory after each tenth of many requests on a few connections: the highest must not drift from the lowest."""
    clients = [Asked(server) for _ in range(4)]
    megabytes = []
    for _ in range(10):
        with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
            list(pool.map(lambda one: one.times("jobs/bench-50", REQUESTS // 10 // len(clients)), clients))
        megabytes.append(_memory(server))
    figures.row(f"amlocal: memory over {REQUESTS:,} requests", megabytes, "MB")


def _memory(server: AmlocalServer) -> float:
    """Megabytes that are resident; 0 where the system has no /proc."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    text = status.read_text() if status.exists() else ""
    found = [line for line in text.splitlines() if line.startswith("VmRSS")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
