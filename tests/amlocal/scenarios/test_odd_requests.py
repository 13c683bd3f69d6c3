"""Whatever a client sends, it gets an answer that says what is wrong with it; never a 500."""

from __future__ import annotations

import http.client
import random
import ssl
from pathlib import Path
from typing import Any

import pytest

from amlocal import not_implemented
from amlocal.routes import ROUTES, Route
from tests.amlocal import odd_requests
from tests.amlocal.data_plane import VERSION, DataPlane
from tests.amlocal.scenarios.test_core import token
from tests.amlocal_server import AmlocalServer

SEED = 20261
EACH = 20
# One handler stands for both prefixes and the older spelling of MLflow's calls, and one for all that is refused with
# 501; control is for tests; DELETE of the workspace would end all others.
CHOSEN = [
    route
    for route in ROUTES
    if "/preview/" not in route.path
    and not route.path.startswith(("/mlflow/v1.0", "/_amlocal"))
    and (route.handler.__module__ != not_implemented.__name__ or "/schedules" in route.path)
    and (route.method, route.path.rpartition("/")[2]) != ("DELETE", "{workspace}")
]


class Client:
    """One connection that is opened again when it was closed."""

    def __init__(self, server: AmlocalServer) -> None:
        tls = ssl.create_default_context(cafile=server.ca_bundle)
        self._connection = http.client.HTTPSConnection("localhost", server.port, context=tls, timeout=60)
        self._tokens = {True: token(server, "https://storage.azure.com"), False: token(server)}

    def ask(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {
            "Authorization": f"Bearer {self._tokens['.blob.core.local' in target]}",
            "Content-Type": "application/json",
            "x-ms-version": "2025-01-05",
        }
        versioned = f"{target}{'&' if '?' in target else '?'}api-version={VERSION['api-version']}"
        self._connection.request(method, versioned, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.getheader("Connection") == "close":
            self._connection.close()
        return answer.status, content


@pytest.fixture
def names(own_server: AmlocalServer) -> dict[str, str]:
    """What fills the paths; most of it is there, so that an odd request gets far."""
    plane = DataPlane(own_server)
    account = plane.call("GET", "", "").json()["properties"]["storageAccount"].rpartition("/")[2]
    # Nothing is served: an operation that fails needs no servers.
    own_server.fault(provisioning="deployments", count=1_000_000)
    for path, end in (
        *(("data/thing/versions/1", "/data/{name}/versions/{version}"), ("computes/thing", "/computes/{name}")),
        *(("environments/thing/versions/1", "/environments/{name}/versions/{version}"),),
        *(("codes/thing/versions/1", "/codes/{name}/versions/{version}"), ("datastores/thing", "/datastores/{name}")),
        *(("onlineEndpoints/thing", "/onlineEndpoints/{name}"),),
        ("onlineEndpoints/thing/deployments/thing", "/deployments/{name}"),
    ):
        answer = plane.call("PUT", "", path, odd_requests.BODIES["PUT", end])
        assert answer.status_code in (200, 201), answer.text
    quick = {"jobType": "Command", "command": "true", "environmentId": "x"}
    assert plane.call("PUT", "", "jobs/thing", {"properties": quick}).status_code == 201
    assert plane.call("PUT", "", "models/rm", {"properties": {}}).status_code == 201
    env = own_server.env
    return {
        "subscription": env["AMLOCAL_SUBSCRIPTION_ID"],
        "group": env["AMLOCAL_RESOURCE_GROUP"],
        "workspace": env["AMLOCAL_WORKSPACE"],
        "account": account,
        **{"container": "azureml", "version": "1", "region": "eastus", "provider": "Microsoft.Storage"},
        **{"path": "thing/x", "rest": "x/y"},
    }


@pytest.mark.parametrize("own_server", [{"AMLOCAL_ENV": "given"}], indirect=True)
def test_no_request_is_answered_by_a_500(own_server: AmlocalServer, names: dict[str, str]) -> None:
    chance, client = random.Random(SEED), Client(own_server)
    wrong: list[Any] = []
    for route in CHOSEN:
        known = _with_other_group(route, names)
        for target, body in odd_requests.requests_for(route.method, route.path, known, chance, EACH):
            status, content = client.ask(route.method, target.replace(" ", "%20"), body)
            if status == 500:
                wrong.append((route.method, target[-120:], (body or b"")[:300], content[:200]))
    assert wrong == []
    assert [line for log in Path(own_server.home).glob("amlocal.log*") for line in _tracebacks(log)] == []


def test_every_call_with_a_body_is_tried() -> None:
    without = [
        route for route in CHOSEN if route.body is not None and not odd_requests.body_for(route.method, route.path)
    ]
    assert [(route.method, route.path) for route in without] == []


def _with_other_group(route: Route, names: dict[str, str]) -> dict[str, str]:
    """The group of the workspace stays."""
    return {**names, "group": "other"} if route.path.endswith("{group}") and route.method != "GET" else names


def _tracebacks(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for index, line in enumerate(lines) if "Traceback" in "".join(lines[index + 1 : index + 2])]
