"""Stopping amlocal: it waits for nobody who does not answer (the harness gives it 15 seconds) and leaves no process."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
import requests
from azure.ai.ml import Input, MLClient, command
from azure.ai.ml.entities import CodeConfiguration
from azure.identity import ManagedIdentityCredential

from tests.amlocal.jobs_at_work import await_status
from tests.amlocal.serving_at_work import ENVIRONMENT, Served, is_alive
from tests.amlocal_server import AmlocalServer, wait_for

HOLD = """
import os, pathlib, time
def init():
    pass
def run(text):
    pathlib.Path(os.environ["TOLD"]).write_text(str(os.getpid()))
    time.sleep(100)
"""


@pytest.fixture
def client(own_server: AmlocalServer) -> MLClient:
    env = own_server.env
    names = (env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], env["AMLOCAL_WORKSPACE"])
    return MLClient(ManagedIdentityCredential(), *names)


def test_a_stop_does_not_wait_for_an_input_that_never_comes(own_server: AmlocalServer, client: MLClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = f"http://127.0.0.1:{silent.getsockname()[1]}/never.bin"
        job = client.jobs.create_or_update(
            command(command="true", environment=ENVIRONMENT, inputs={"data": Input(type="uri_file", path=path)})
        )
        connection, _ = silent.accept()
        with connection:
            own_server.stop()
    own_server.start()
    # Nothing listens there now: the job is taken up again, and fails with that reason.
    await_status(client, job.name, ("Failed",))


def test_a_stop_ends_servers_that_are_in_a_call(own_server: AmlocalServer, client: MLClient, tmp_path: Path) -> None:
    served = Served(client, tmp_path / "served", "ep-called")
    (served.code / "hold.py").write_text(HOLD)
    code = CodeConfiguration(code=str(served.code), scoring_script="hold.py")
    told = tmp_path / "pid"
    served.deploy("blue", code_configuration=code, timeout_ms=120_000, concurrent=3, variables={"TOLD": str(told)})
    served.route(blue=100)
    key = client.online_endpoints.get_keys(served.name).primary_key

    def call() -> None:
        with contextlib.suppress(requests.RequestException):
            served.post(key=key)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    pid = int(wait_for(lambda: told.exists() and told.read_text()))
    own_server.stop()
    for caller in callers:
        caller.join()
    assert not is_alive(pid)
