"""What another project gets: the pytest fixture, in a project folder that has nothing of ours but amlocal itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.amlocal_server import ROOT, AmlocalServer

CONFTEST = 'pytest_plugins = ["amlocal.testing"]\n'
TEST = """
from azure.ai.ml import MLClient, command
from azure.ai.ml.entities import Data
from azure.identity import DefaultAzureCredential
import os
import pathlib
import pytest


def connect(azure_ml):
    return MLClient(
        DefaultAzureCredential(), azure_ml.subscription_id, azure_ml.resource_group, azure_ml.workspace_name
    )


@pytest.mark.parametrize("number", range(4))
def test_one(azure_ml, number):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(azure_ml.url + "\\n")
    assert os.environ["AZUREML_CURRENT_CLOUD"] == "local"
    client = connect(azure_ml)
    assert list(client.data.list()) == list(client.jobs.list()) == []
    client.data.create_or_update(Data(name="mine", version="1", path="https://example.org/x", type="uri_file"))
    assert [data.name for data in client.data.list()] == ["mine"]
    client.jobs.create_or_update(command(command="sleep 60", environment="azureml://registries/azureml/x@latest"))


def test_two_has_its_environment_back():
    assert "AZUREML_CURRENT_CLOUD" not in os.environ
"""


@pytest.mark.extended
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one", "two"])
def test_the_fixture_works_in_a_strangers_project_and_leaves_nothing(tmp_path: Path, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    package = tmp_path / "site" / "amlocal"
    package.parent.mkdir()
    package.symlink_to(ROOT / "amlocal")
    project, temporary = tmp_path / "project", tmp_path / "temporary"
    project.mkdir()
    temporary.mkdir()
    (project / "conftest.py").write_text(CONFTEST)
    (project / "test_it.py").write_text(TEST)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMLOCAL_", "AZUREML_", "ARM_", "MSI_", "DJANGO_", "REQUESTS_", "PYTEST_"))
    }
    # A developer's own amlocal, for which the shell was set up, is left alone.
    environment |= {"AMLOCAL_PUBLIC_URL": "https://elsewhere.example", "AMLOCAL_PORT": "1", "AMLOCAL_CONTROL": ""}
    options = ["-q", "-p", "no:django", "-p", "no:cacheprovider", "-W", "ignore", *workers]
    seen = tmp_path / "seen"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "."],
        cwd=project,
        env={**environment, "PYTHONPATH": str(package.parent), "TMPDIR": str(temporary), "SEEN": str(seen)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "5 passed" in result.stdout
    servers = set(seen.read_text().split())
    assert len(servers) == (2 if workers else 1)
    for url in servers:
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"{url}/healthz", timeout=5)
    assert not list(temporary.glob("amlocal-*"))


def run(server: AmlocalServer, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "amlocal", *words]
    environment = {**server.settings(), **more}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_line_from_up_to_reset(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "home")
    assert run(server, "status").returncode == 1
    assert run(server, "up", "--detach").returncode == 0
    try:
        assert run(server, "status").returncode == 0
        refused = run(server, "reset")
        assert refused.returncode == 2
        assert "stop it first" in refused.stderr
        assert "ready at https://localhost" in run(server, "logs").stdout
        assert run(server, "logs", "nothing").returncode == 2
    finally:
        assert run(server, "down").returncode == 0
    assert run(server, "status").returncode == 1
    secret = (server.home / "secret").read_text()
    assert run(server, "reset").returncode == 0
    assert not (server.home / "amlocal.db").exists()
    assert (server.home / "secret").read_text() == secret


def test_a_taken_port_is_a_clear_error(amlocal_server: AmlocalServer, tmp_path: Path) -> None:
    other = AmlocalServer(tmp_path / "other")
    refused = run(other, "up", AMLOCAL_PORT=str(amlocal_server.port))
    assert refused.returncode == 2
    assert f"Port {amlocal_server.port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_bad_setting_is_a_clear_error(tmp_path: Path) -> None:
    server = AmlocalServer(tmp_path / "home")
    for name, value in (("AMLOCAL_PACE", "slowly"), ("AMLOCAL_PROFILE", "kind"), ("AMLOCAL_PORT", "many")):
        refused = run(server, "up", **{name: value})
        assert refused.returncode == 2
        assert value in refused.stderr
        assert "Traceback" not in refused.stderr


def test_other_machines_need_a_secret(tmp_path: Path) -> None:
    refused = run(AmlocalServer(tmp_path / "open"), "up", AMLOCAL_BIND="0.0.0.0")
    assert refused.returncode == 2
    assert "AMLOCAL_SECRET" in refused.stderr


def test_secrets_are_for_their_owner_only(amlocal_server: AmlocalServer) -> None:
    for path in ("secret", "tls/ca.key", "tls/server.key"):
        assert (amlocal_server.home / path).stat().st_mode & 0o077 == 0, path
    log = (amlocal_server.home / "amlocal.log").read_text()
    assert (amlocal_server.home / "secret").read_text() not in log
    assert amlocal_server.env["MSI_SECRET"] not in log
