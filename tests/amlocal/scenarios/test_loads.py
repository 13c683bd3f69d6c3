"""Deployments that change, lose a server or go away while they are called."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import ManagedOnlineEndpoint
from azure.core.exceptions import HttpResponseError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.serving_at_work import Served, is_alive
from tests.amlocal_server import AmlocalServer, wait_for

CALLERS = 3


class Load:
    """Callers that never rest, each on one connection; what they were answered."""

    def __init__(self, served: Served, ca_bundle: str) -> None:
        self.answers: list[tuple[int, str]] = []
        self._served = served
        self._ca_bundle = ca_bundle
        self._key = served.client.online_endpoints.get_keys(served.name).primary_key
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            wait_for(lambda: self.answers)
            yield
        finally:
            self._stop.set()
            for caller in callers:
                caller.join()

    def _call(self) -> None:
        session = requests.Session()
        session.verify = self._ca_bundle
        session.headers["Authorization"] = f"Bearer {self._key}"
        while not self._stop.is_set():
            answer = session.post(self._served.endpoint.scoring_uri, json={"sleep": 0.1}, timeout=60)
            self.answers.append((answer.status_code, answer.json().get("who") or answer.text))

    def failures(self) -> list[tuple[int, str]]:
        return [answer for answer in self.answers if answer[0] != 200]

    def await_more(self) -> None:
        """Until calls that began after this one have been answered."""
        wanted = len(self.answers) + 2 * CALLERS
        wait_for(lambda: len(self.answers) >= wanted)


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("loads"), "ep-loads")
    deploy(served, "old", 2)
    served.route(blue=100)
    yield served
    served.delete()


def deploy(served: Served, who: str, count: int, **variables: str) -> None:
    served.deploy(
        "blue", instance_count=count, concurrent=CALLERS, timeout_ms=30_000, variables={"WHO": who, **variables}
    )


def test_updates_and_scaling_lose_no_call(served: Served, amlocal_server: AmlocalServer) -> None:
    load = Load(served, amlocal_server.ca_bundle)
    with load.running():
        deploy(served, "new", 2)
        load.await_more()
        with pytest.raises(HttpResponseError):
            deploy(served, "broken", 2, BREAK="1")
        deploy(served, "new", 3)
        load.await_more()
        deploy(served, "new", 1)
        load.await_more()
    assert load.failures() == []
    assert {who for _, who in load.answers} == {"old", "new"}
    assert load.answers[-1] == (200, "new")


def test_with_two_servers_a_crash_costs_only_the_calls_that_were_in_it(
    served: Served, amlocal_server: AmlocalServer
) -> None:
    deploy(served, "two", 2)
    load = Load(served, amlocal_server.ca_bundle)
    with load.running():
        file = next(iter(amlocal_server.home.glob("serving/*/*/instances/1/pid")))
        os.killpg(int(file.read_text()), signal.SIGKILL)
        load.await_more()
    assert len(load.failures()) <= CALLERS
    assert {status for status, _ in load.failures()} <= {502}
    assert load.answers[-1] == (200, "two")


def test_an_endpoint_deleted_while_a_deployment_is_made_leaves_nothing(
    ml_client: MLClient, served: Served, amlocal_server: AmlocalServer, name: str
) -> None:
    root = amlocal_server.home / "serving"
    before = set(root.iterdir())
    plane = DataPlane(amlocal_server)
    body = plane.call("GET", "", f"onlineEndpoints/{served.name}/deployments/blue").json()
    ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode="key")).result()
    answer = plane.call("PUT", "", f"onlineEndpoints/{name}/deployments/blue", body)
    files = wait_for(
        lambda: [file for place in set(root.iterdir()) - before for file in place.glob("1/instances/*/pid")]
    )
    pids = [int(wait_for(file.read_text)) for file in files]
    ml_client.online_endpoints.begin_delete(name).result()

    def ended() -> str:
        url = answer.headers["Azure-AsyncOperation"]
        told = requests.get(url, headers=plane.headers, verify=amlocal_server.ca_bundle, timeout=10).json()
        return str(told["error"]["code"]) if told["status"] == "Failed" else ""

    assert wait_for(ended) == "OperationCanceled"
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
    assert set(root.iterdir()) == before
