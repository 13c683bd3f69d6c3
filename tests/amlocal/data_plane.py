"""Calls that the SDK has no method for, with a token as the SDK would send it: run details, MLflow REST, run logs."""

from __future__ import annotations

import copy
from typing import Any

import requests

from tests.amlocal_server import AmlocalServer

# Each release of the SDK sends its own, and all are answered.
VERSION = {"api-version": "2024-10-01"}


class DataPlane:
    """`path` is behind the workspace's own, such as `runs/NAME/details` under `history/v1.0`."""

    def __init__(self, server: AmlocalServer, workspace: str = "") -> None:
        self._server = server
        env = server.env
        self.workspace = (
            f"/subscriptions/{env['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups/{env['AMLOCAL_RESOURCE_GROUP']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace or env['AMLOCAL_WORKSPACE']}"
        )
        answer = requests.get(
            env["MSI_ENDPOINT"], params={"resource": server.url}, headers={"secret": env["MSI_SECRET"]}, timeout=10
        )
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        # Kept open: a new one reads all the system's certificates first.
        self._session = requests.Session()

    def beside(self, workspace: str) -> DataPlane:
        """The same for another workspace of this group."""
        other = copy.copy(self)
        other.workspace = f"{self.workspace.rpartition('/')[0]}/{workspace}"
        return other

    def call(self, method: str, surface: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = f"{self._server.url}{surface}{self.workspace}/{path}".rstrip("/")
        return self._session.request(method, url, json=body, params=VERSION | query, headers=self.headers, timeout=60)

    def details(self, job: str) -> dict[str, Any]:
        return dict(self.call("GET", "/history/v1.0", f"runs/{job}/details").json())

    def mlflow(self, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.call(
            "POST" if body is not None else "GET", "/mlflow/v2.0", f"api/2.0/mlflow/{path}", body, **query
        )
        assert answer.status_code == 200, answer.text
        return answer.json()
