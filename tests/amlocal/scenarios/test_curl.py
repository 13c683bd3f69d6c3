"""Scripts that speak REST by hand, as Microsoft's samples for curl do: bodies put together by a shell, operations found
in the answer's body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.amlocal.data_plane import DataPlane
from tests.amlocal_server import AmlocalServer, wait_for

CONDA = 'name: mine\ndependencies:\n  - python=3.11\n\t# a tab\n  - pip:\n      - "tiny"\n'


@pytest.fixture
def call(amlocal_server: AmlocalServer) -> Callable[..., requests.Response]:
    plane = DataPlane(amlocal_server)

    def send(method: str, path: str, text: str = "") -> requests.Response:
        url = f"{amlocal_server.url}{plane.workspace}/{path}?api-version=2022-05-01"
        headers = {**plane.headers, "Content-Type": "application/json"}
        return requests.request(method, url, data=text.encode(), headers=headers, timeout=30)

    return send


def test_a_conda_file_pasted_into_json_keeps_its_lines(call: Callable[..., requests.Response], name: str) -> None:
    pasted = CONDA.replace('"', '\\"')
    made = call(
        "PUT", f"environments/{name}/versions/1", f'{{"properties": {{"image": "x", "condaFile": "{pasted}"}}}}'
    )
    assert made.status_code == 201, made.text
    assert call("GET", f"environments/{name}/versions/1").json()["properties"]["condaFile"] == CONDA


def test_an_endpoints_operation_is_told_in_the_body(
    call: Callable[..., requests.Response], amlocal_server: AmlocalServer, name: str
) -> None:
    body = '{"identity": {"type": "systemAssigned"}, "properties": {"authMode": "AMLToken"}, "location": "eastus"}'
    made = call("PUT", f"onlineEndpoints/{name}", body).json()
    url = made["properties"]["properties"]["AzureAsyncOperationUri"]
    headers = DataPlane(amlocal_server).headers

    def ended() -> Any:
        answer = requests.get(url, headers=headers, timeout=30).json()
        return answer if answer["status"] != "InProgress" else None

    assert wait_for(ended)["status"] == "Succeeded"
    assert call("POST", f"onlineEndpoints/{name}/token").json()["accessToken"]
    # What one operation was is not kept: the address holds the port.
    assert call("GET", f"onlineEndpoints/{name}").json()["properties"]["properties"] == {}
    assert call("DELETE", f"onlineEndpoints/{name}").status_code in (200, 202)
