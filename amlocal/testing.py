"""For the tests of other projects: an amlocal of their own on a free port, as a context manager and as a pytest
fixture.

In a conftest.py: `pytest_plugins = ["amlocal.testing"]`; a test that takes the fixture `azure_ml` finds a clean
workspace and the SDK's variables set.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from amlocal import environ, settings

STOP_SECONDS = 20
RESET_SECONDS = 60
# What a developer has set for an amlocal of their own.
OF_ANOTHER = {f"AMLOCAL_{name}" for name in ("BIND", "CONTROL", "PACE", "PROFILE", "PUBLIC_URL", "SECRET", "URL")}


@dataclass(frozen=True)
class Workspace:
    """A running amlocal: what `MLClient(credential, subscription_id, resource_group, workspace_name)` needs, and its
    variables."""

    subscription_id: str
    resource_group: str
    workspace_name: str
    url: str
    environment: Mapping[str, str]


@contextlib.contextmanager
def running(home: Path, extra: Mapping[str, str] | None = None) -> Iterator[Workspace]:
    """An amlocal on a free port with its state in `home`; ended at the end. `extra` are settings of its own.
    os.environ is left alone: see `applied`. Raises RuntimeError."""
    inherited = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER}
    variables = {**inherited, "AMLOCAL_HOME": str(home), "AMLOCAL_PORT": "0", **(extra or {})}
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.log").open("w+") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "amlocal", "up"], env=variables, stdout=subprocess.PIPE, stderr=output, text=True
        )
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            if not ready:
                raise RuntimeError(f"amlocal did not start: {(home / 'up.log').read_text()}")
            yield _describe(settings.read(variables).at_url(json.loads(ready)["url"]))
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            if server.stdout:
                server.stdout.close()


@contextlib.contextmanager
def applied(workspace: Workspace) -> Iterator[None]:
    """os.environ with the variables of a workspace, as it was before afterwards (MLClient itself writes into it)."""
    before = dict(os.environ)
    os.environ.update(workspace.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def reset(workspace: Workspace) -> None:
    """Ends what runs there and forgets everything but the first workspace. It must have been started with
    AMLOCAL_CONTROL=1. Raises RuntimeError, OSError."""
    trust = ssl.create_default_context(cafile=workspace.environment["REQUESTS_CA_BUNDLE"])
    connection = http.client.HTTPSConnection(urlsplit(workspace.url).netloc, timeout=RESET_SECONDS, context=trust)
    headers = {"X-Amlocal-Secret": workspace.environment["MSI_SECRET"]}
    with contextlib.closing(connection):
        connection.request("POST", "/_amlocal/reset", headers=headers)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"amlocal was not reset: {answer.read().decode()}")


def _describe(given: settings.Settings) -> Workspace:
    return Workspace(
        subscription_id=given.subscription,
        resource_group=given.group,
        workspace_name=given.workspace,
        url=given.public_url,
        environment=environ.variables(given),
    )


@pytest.fixture(scope="session")
def amlocal_of_session() -> Iterator[Workspace]:
    """One amlocal for all tests, or for those of one worker of pytest-xdist. Nothing of it is left at the end."""
    home = Path(tempfile.mkdtemp(prefix="amlocal-"))
    try:
        with running(home, {"AMLOCAL_CONTROL": "1"}) as workspace:
            yield workspace
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def azure_ml(amlocal_of_session: Workspace) -> Iterator[Workspace]:
    """A clean workspace; os.environ points the SDK there. What the test leaves is ended and forgotten after it."""
    try:
        with applied(amlocal_of_session):
            yield amlocal_of_session
    finally:
        reset(amlocal_of_session)
