"""Starting, signing in and the errors that every path has in common."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

from tests.amlocal.data_plane import VERSION
from tests.amlocal_server import ROOT, AmlocalServer


def call(server: AmlocalServer, path: str, token: str = "", method: str = "GET", **kwargs: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, server.url + path, params=VERSION, headers=headers, timeout=10, **kwargs)  # type: ignore[arg-type]


def workspace_path(server: AmlocalServer, **other: str) -> str:
    part = {
        "subscription": "AMLOCAL_SUBSCRIPTION_ID",
        "group": "AMLOCAL_RESOURCE_GROUP",
        "workspace": "AMLOCAL_WORKSPACE",
    }
    values = {key: other.get(key, server.env[name]) for key, name in part.items()}
    return (
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
    ).format(**values)


def token(server: AmlocalServer, resource: str = "") -> str:
    response = requests.get(
        server.env["MSI_ENDPOINT"],
        params={"resource": resource or server.url},
        headers={"secret": server.env["MSI_SECRET"]},
        timeout=10,
    )
    response.raise_for_status()
    return str(response.json()["access_token"])


def test_an_unchanged_script_reads_the_first_workspace(amlocal_server: AmlocalServer) -> None:
    client = MLClient(
        DefaultAzureCredential(),
        os.environ["AMLOCAL_SUBSCRIPTION_ID"],
        os.environ["AMLOCAL_RESOURCE_GROUP"],
        os.environ["AMLOCAL_WORKSPACE"],
    )
    workspace = client.workspaces.get(os.environ["AMLOCAL_WORKSPACE"])
    assert workspace.name == "local"
    assert workspace.location == "eastus"
    assert workspace.mlflow_tracking_uri.startswith(f"azureml://localhost:{amlocal_server.port}/mlflow/")


def test_status_and_env_work_beside_the_server(amlocal_server: AmlocalServer) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "amlocal", *words]
        return subprocess.run(
            command, cwd=ROOT, env=amlocal_server.settings(), capture_output=True, text=True, check=False
        )

    assert run("status").returncode == 0
    assert f"export AMLOCAL_URL={amlocal_server.url}" in run("env").stdout
    assert f"$Env:AMLOCAL_URL = '{amlocal_server.url}'" in run("env", "--format", "powershell").stdout
    second = run("up")
    assert second.returncode == 2
    assert "already running" in second.stderr


def test_no_token_a_wrong_token_and_a_wrong_audience_are_refused(amlocal_server: AmlocalServer) -> None:
    path = workspace_path(amlocal_server)
    refusals = {
        "AuthenticationFailed": call(amlocal_server, path),
        "InvalidAuthenticationToken": call(amlocal_server, path, "ey.ey.ey"),
        "InvalidAuthenticationTokenAudience": call(
            amlocal_server, path, token(amlocal_server, "https://storage.azure.com")
        ),
    }
    for code, response in refusals.items():
        assert response.status_code == 401
        assert response.json()["error"]["code"] == code
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert call(amlocal_server, path, token(amlocal_server)).status_code == 200


def test_a_changed_token_is_refused(amlocal_server: AmlocalServer) -> None:
    head, payload, signature = token(amlocal_server).split(".")
    forged = f"{head}.{payload[:-2]}AA.{signature}"
    assert call(amlocal_server, workspace_path(amlocal_server), forged).status_code == 401


def test_tokens_need_the_secret(amlocal_server: AmlocalServer) -> None:
    response = requests.get(
        amlocal_server.env["MSI_ENDPOINT"], params={"resource": "x"}, headers={"secret": "guess"}, timeout=10
    )
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"subscription": "00000000-0000-0000-0000-00000000dead"}, "SubscriptionNotFound"),
        ({"group": "nowhere"}, "ResourceGroupNotFound"),
        ({"workspace": "nothing"}, "ResourceNotFound"),
    ],
)
def test_missing_things_have_arms_own_codes(amlocal_server: AmlocalServer, other: dict[str, str], code: str) -> None:
    response = call(amlocal_server, workspace_path(amlocal_server, **other), token(amlocal_server))
    assert response.status_code == 404
    assert response.json()["error"]["code"] == code
    assert response.headers["x-ms-request-id"]


def test_ids_are_compared_without_case(amlocal_server: AmlocalServer) -> None:
    path = workspace_path(amlocal_server).upper()
    assert call(amlocal_server, path, token(amlocal_server)).json()["name"] == "local"


def test_unknown_paths_and_methods_are_arm_errors(amlocal_server: AmlocalServer) -> None:
    assert call(amlocal_server, "/nothing/here").json()["error"]["code"] == "NotFound"
    wrong = call(amlocal_server, workspace_path(amlocal_server), token(amlocal_server), method="POST")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "MethodNotAllowed")


def test_the_sdk_raises_its_own_errors(connect: object) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        connect(workspace="nothing").workspaces.get("nothing")  # type: ignore[operator]
    assert "ResourceNotFound" in str(missing.value)


def test_a_request_body_that_is_no_json_is_a_clear_error(amlocal_server: AmlocalServer) -> None:
    response = requests.put(
        f"{amlocal_server.url}/_amlocal/pace",
        data=b"{half",
        headers={"X-Amlocal-Secret": amlocal_server.env["MSI_SECRET"]},
        timeout=10,
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_it_is_small(own_server: AmlocalServer) -> None:
    assert own_server.process is not None
    status = Path(f"/proc/{own_server.process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc to read the server's memory")
    resident = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    assert int(resident.split()[1]) < 80 * 1024, resident


def test_a_silent_client_keeps_nobody_waiting(amlocal_server: AmlocalServer) -> None:
    import socket

    silent = [socket.create_connection(("127.0.0.1", amlocal_server.port)) for _ in range(20)]
    try:
        assert call(amlocal_server, "/healthz").status_code == 200
    finally:
        for connection in silent:
            connection.close()


def test_credentials_are_checked_by_the_sdk_as_well(
    amlocal_server: AmlocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.identity import ManagedIdentityCredential

    monkeypatch.setenv("MSI_SECRET", "guess")
    env = amlocal_server.env
    client = MLClient(
        ManagedIdentityCredential(), env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], "local"
    )
    with pytest.raises((ClientAuthenticationError, HttpResponseError)):
        client.workspaces.get("local")
