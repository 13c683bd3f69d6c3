"""One amlocal for the session, the SDK's client for it, and its control. Each test finds the pace immediate and no
faults."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.core.credentials import TokenCredential
from azure.identity import ManagedIdentityCredential

from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="session")
def amlocal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmlocalServer]:
    """The one amlocal of these tests. Its jobs do not stay in their last state for seconds, as they do for people."""
    server = AmlocalServer(tmp_path_factory.mktemp("amlocal"), {"AMLOCAL_TIME_SCALE": "0.1"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def sdk_environment(amlocal_server: AmlocalServer) -> Iterator[None]:
    """The session's server in os.environ for these tests and no others; fixtures of a module need it too."""
    with amlocal_server.client_environment():
        yield


@pytest.fixture
def own_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AmlocalServer]:
    """A second amlocal, for tests that kill it or, by an indirect parameter, give it other settings."""
    server = AmlocalServer(tmp_path / "amlocal", getattr(request, "param", None))
    server.start()
    with server.client_environment():
        yield server
    server.stop()


@pytest.fixture
def control(amlocal_server: AmlocalServer) -> Iterator[AmlocalServer]:
    """The session's server, to steer; afterwards everything is as before."""
    yield amlocal_server
    amlocal_server.clear_faults()
    amlocal_server.pace("immediate", retry_after=1)


@pytest.fixture(scope="session")
def credential(amlocal_server: AmlocalServer) -> TokenCredential:
    with amlocal_server.client_environment():
        return ManagedIdentityCredential()


@pytest.fixture(scope="session")
def connect(amlocal_server: AmlocalServer, credential: TokenCredential) -> Callable[..., MLClient]:
    """connect(workspace="…", group="…", subscription="…"): the SDK's client; what is left out is the first
    workspace's."""

    def make(workspace: str = "", group: str = "", subscription: str = "") -> MLClient:
        env = amlocal_server.env
        with amlocal_server.client_environment():
            return MLClient(
                credential,
                subscription or env["AMLOCAL_SUBSCRIPTION_ID"],
                group or env["AMLOCAL_RESOURCE_GROUP"],
                workspace or env["AMLOCAL_WORKSPACE"],
            )

    return make


@pytest.fixture(scope="session")
def ml_client(connect: Callable[..., MLClient]) -> MLClient:
    return connect()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t-{uuid.uuid4().hex[:10]}"
