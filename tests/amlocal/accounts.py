"""The key of the storage account behind a workspace, as its owner would look it up: what `datastores.get` tells of it
depends on the release of the SDK."""

from __future__ import annotations

import requests
from azure.ai.ml import MLClient

from tests.amlocal.data_plane import VERSION
from tests.amlocal_server import AmlocalServer


def read_key(client: MLClient, server: AmlocalServer, datastore: str = "workspaceblobstore") -> str:
    env = server.env
    asked = {"params": {"resource": server.url}, "headers": {"secret": env["MSI_SECRET"]}, "timeout": 10}
    token = requests.get(env["MSI_ENDPOINT"], **asked).json()["access_token"]
    url = f"{server.url}{client.datastores.get(datastore).id}/listSecrets"
    answer = requests.post(url, params=VERSION, json={}, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    return str(answer.json()["key"])
