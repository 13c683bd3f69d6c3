"""For the tests of other projects: an amlocal of their own on a free port, as a context manager and as a pytest
fixture.

In a conftest.py: `pytest_plugins = ["amlocal.testing"]`; a test that takes the fixture `azure_ml` finds a clean
workspace and the SDK's variables set.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

STOP_SECONDS = 20


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
    """An amlocal with its state in `home`; ended at the end. os.environ is left alone: see `applied`. Raises
    RuntimeError."""
    settings = {**os.environ, "AMLOCAL_HOME": str(home), "AMLOCAL_PORT": str(_free_port()), **(extra or {})}
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.log").open("w+") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "amlocal", "up"], env=settings, stdout=subprocess.PIPE, stderr=output, text=True
        )
        try:
            assert server.stdout is not None
            if not server.stdout.readline():
                raise RuntimeError(f"amlocal did not start: {(home / 'up.log').read_text()}")
            yield _describe(settings)
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


def _describe(settings: Mapping[str, str]) -> Workspace:
    command = [sys.executable, "-m", "amlocal", "env", "--format", "json"]
    text = subprocess.run(command, env=settings, check=True, stdout=subprocess.PIPE, text=True).stdout
    values: dict[str, str] = json.loads(text)
    return Workspace(
        subscription_id=values["AMLOCAL_SUBSCRIPTION_ID"],
        resource_group=values["AMLOCAL_RESOURCE_GROUP"],
        workspace_name=values["AMLOCAL_WORKSPACE"],
        url=values["AMLOCAL_URL"],
        environment=values,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def azure_ml() -> Iterator[Workspace]:
    """A clean workspace in an amlocal of this test's own; os.environ points the SDK there."""
    home = Path(tempfile.mkdtemp(prefix="amlocal-"))
    try:
        with running(home) as workspace, applied(workspace):
            yield workspace
    finally:
        shutil.rmtree(home, ignore_errors=True)
