"""Mirrored traffic: Azure's rules for it, who gets copies of which calls, and that no caller ever notices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import CodeConfiguration, KubernetesOnlineEndpoint
from azure.core.exceptions import HttpResponseError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import AmlocalServer, wait_for

# Says each call in its log, and answers none before the file is there.
SHADOW = """
import os, pathlib, time
def init():
    pass
def run(text):
    print("copied:" + text, flush=True)
    while not pathlib.Path(os.environ["GATE"]).exists():
        time.sleep(0.05)
    raise ValueError("nobody is told")
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def served(ml_client: MLClient, gate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("mirrors"), "ep-mirrors")
    (served.code / "shadow.py").write_text(SHADOW)
    code = CodeConfiguration(code=str(served.code), scoring_script="shadow.py")
    served.deploy("blue")
    served.deploy("green", code_configuration=code, variables={"GATE": str(gate)}, timeout_ms=60_000, concurrent=2)
    served.route(blue=100)
    yield served
    served.delete()


def mirror(served: Served, **shares: int) -> None:
    endpoint = served.client.online_endpoints.get(served.name)
    endpoint.mirror_traffic = shares
    served.client.online_endpoints.begin_create_or_update(endpoint).result()


def copies(served: Served) -> list[str]:
    log = served.client.online_deployments.get_logs("green", served.name, lines=1000)
    return [line.partition("copied:")[2] for line in log.splitlines() if "copied:" in line]


@pytest.mark.parametrize("shares", [{"green": 51}, {"nobody": 10}, {"blue": 10}, {"blue": 5, "green": 5}])
def test_azures_rules_hold(served: Served, shares: dict[str, int]) -> None:
    with pytest.raises(HttpResponseError, match="BadArgument"):
        mirror(served, **shares)
    assert not served.client.online_endpoints.get(served.name).mirror_traffic


def test_a_shadow_cannot_get_live_traffic_as_well(served: Served) -> None:
    mirror(served, green=10)
    with pytest.raises(HttpResponseError, match="not both"):
        served.route(blue=50, green=50)
    assert served.client.online_endpoints.get(served.name).mirror_traffic == {"green": 10}
    mirror(served)


def test_kubernetes_endpoints_mirror_nothing(ml_client: MLClient, amlocal_server: AmlocalServer, name: str) -> None:
    ml_client.online_endpoints.begin_create_or_update(KubernetesOnlineEndpoint(name=name, compute="any")).result()
    body = {"location": "eastus", "properties": {"authMode": "Key", "mirrorTraffic": {"green": 10}}}
    answer = DataPlane(amlocal_server).call("PUT", "", f"onlineEndpoints/{name}", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgument")
    ml_client.online_endpoints.begin_delete(name).result()


def test_no_caller_waits_for_a_shadow_that_never_answers(served: Served, gate: Path) -> None:
    mirror(served, green=50)
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    for number in range(60):
        answer = served.post({"n": number}, key=key)
        assert answer.status_code == 200
        assert answer.json()["who"] == answer.headers["azureml-model-deployment"] == "blue"
    wait_for(lambda: copies(served))
    assert len(copies(served)) <= 2, "it takes two at once, and has answered none"
    gate.touch()


def test_a_share_of_the_calls_arrives_unchanged(served: Served, gate: Path) -> None:
    gate.touch()
    mirror(served, green=50)
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    expected = set()
    for number in range(60):
        body = f"share-{number}"
        expected.add(f'{{"text": "{body}"}}')
        assert served.post({"text": body}, key=key).json()["who"] == "blue"
    # Mean 30; 4.6 sigmas are 18. The last ones may still be on their way.
    wait_for(lambda: len(expected.intersection(copies(served))) >= 12)
    assert len(expected.intersection(copies(served))) <= 48


def test_calls_that_name_a_deployment_are_not_copied(served: Served, gate: Path) -> None:
    gate.touch()
    mirror(served, green=50)
    for number in range(20):
        assert served.post({"text": f"named-{number}"}, azureml_model_deployment="blue").status_code == 200
    # By its own name the shadow answers as any deployment does.
    assert served.post({"text": "to the shadow"}, azureml_model_deployment="green").status_code == 424
    assert not [copy for copy in copies(served) if "named-" in copy]


def test_an_update_that_says_nothing_of_it_ends_it(served: Served, amlocal_server: AmlocalServer) -> None:
    mirror(served, green=10)
    plane = DataPlane(amlocal_server)
    path = f"onlineEndpoints/{served.name}"
    body = plane.call("GET", "", path).json()
    body["properties"].pop("mirrorTraffic")
    assert plane.call("PUT", "", path, body).json()["properties"]["mirrorTraffic"] == {}


def test_it_goes_with_its_deployment(served: Served) -> None:
    served.deploy("brown")
    mirror(served, brown=10)
    served.client.online_deployments.begin_delete("brown", served.name).result()
    assert not served.client.online_endpoints.get(served.name).mirror_traffic
    assert served.post().json()["who"] == "blue"


def test_what_is_on_its_way_is_bounded_in_number_and_bytes() -> None:
    from amlocal.serving.mirrors import BYTES, COPIES, THREADS, Mirrors

    release = threading.Event()
    mirrors = Mirrors()
    taken = [mirrors.send(release.wait, 1) for _ in range(COPIES + THREADS + 10)]
    assert COPIES <= sum(taken) <= COPIES + THREADS
    release.set()
    wait_for(lambda: mirrors.send(lambda: 1 / 0, BYTES))
    # A copy that breaks gives its room back, and the next is taken.
    wait_for(lambda: mirrors.send(lambda: None, BYTES))
    assert not mirrors.send(lambda: None, BYTES + 1)
    mirrors.stop()
    assert not mirrors.send(lambda: None, 0)
