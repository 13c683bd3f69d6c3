"""Every answer of the core has the shape of the newest SDK's own typed models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Data, Environment
from azure.ai.ml.entities._assets import Code

from tests.amlocal import shapes
from tests.amlocal.data_plane import VERSION
from tests.amlocal.scenarios.test_core import token, workspace_path
from tests.amlocal_server import AmlocalServer

pytestmark = pytest.mark.skipif(shapes.models is None, reason="this release of the SDK has other typed models")


@pytest.fixture(scope="module")
def filled(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One of each; the code's name."""
    folder: Path = tmp_path_factory.mktemp("shapes")
    (folder / "main.py").write_text("print('shapes')")
    ml_client.data.create_or_update(
        Data(name="shape", version="1", path="https://example.org/x", type=AssetTypes.URI_FILE, tags={"a": "b"})
    )
    ml_client.data.create_or_update(
        Data(
            name="shape-folder", version="1", path="azureml://datastores/workspaceblobstore/paths/x", type="uri_folder"
        )
    )
    ml_client.environments.create_or_update(Environment(name="shape", version="1", image="python:3.11"))
    return str(ml_client._code.create_or_update(Code(path=str(folder))).name)


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("", "Workspace"),
        ("/datastores/workspaceblobstore", "Datastore"),
        ("/datastores/workspacefilestore", "Datastore"),
        ("/data/shape", "DataContainer"),
        ("/data/shape/versions/1", "DataVersionBase"),
        ("/data/shape-folder/versions/1", "DataVersionBase"),
        ("/environments/shape", "EnvironmentContainer"),
        ("/environments/shape/versions/1", "EnvironmentVersion"),
        ("/codes/{code}", "CodeContainer"),
        ("/codes/{code}/versions/1", "CodeVersion"),
        ("/computes/cpu-cluster", "ComputeResource"),
    ],
)
def test_a_resource_and_its_list_have_the_sdks_shape(
    amlocal_server: AmlocalServer, filled: str, path: str, model: str
) -> None:
    path = path.format(code=filled)
    headers = {"Authorization": f"Bearer {token(amlocal_server)}"}
    url = amlocal_server.url + workspace_path(amlocal_server)
    single: dict[str, Any] = requests.get(url + path, params=VERSION, headers=headers, timeout=10).json()
    assert shapes.check(model, single) == []
    address = f"{(url + path).rsplit(chr(47), 1)[0]}?listViewType=All"
    listed = requests.get(address, params=VERSION, headers=headers, timeout=10).json()["value"]
    assert single["id"] in [item["id"] for item in listed]
    for item in listed:
        assert shapes.check(model, item) == []


def test_a_pending_upload_and_secrets_have_the_sdks_shape(amlocal_server: AmlocalServer) -> None:
    headers = {"Authorization": f"Bearer {token(amlocal_server)}"}
    url = amlocal_server.url + workspace_path(amlocal_server)
    pending = requests.post(
        f"{url}/codes/x/versions/1/startPendingUpload", params=VERSION, json={}, headers=headers, timeout=10
    ).json()
    assert shapes.check("PendingUploadResponseDto", pending) == []
    secrets = requests.post(
        f"{url}/datastores/workspaceblobstore/listSecrets", params=VERSION, headers=headers, timeout=10
    ).json()
    assert shapes.check("DatastoreSecrets", secrets) == []
    keys = requests.post(f"{url}/listKeys", params=VERSION, headers=headers, timeout=10).json()
    assert shapes.check("ListWorkspaceKeysResult", keys) == []


def test_the_check_itself_finds_what_is_wrong() -> None:
    wire = {"id": "x", "name": "n", "properties": {"dataType": "uri_file", "surprise": 1}}
    problems = shapes.check("DataVersionBase", wire)
    assert any("surprise is unknown" in problem for problem in problems)
    assert any("dataUri is missing" in problem for problem in problems)
