"""Workspaces through the SDK: several side by side, created by its ARM template, changed, deleted; and the groups
above them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Data, IdentityConfiguration, ManagedIdentityConfiguration, Workspace
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal import shapes
from tests.amlocal.data_plane import VERSION, DataPlane
from tests.amlocal.scenarios.test_core import token
from tests.amlocal_server import AmlocalServer, wait_for

OTHER_SUBSCRIPTION = "00000000-0000-0000-0000-0000000000b2"


@pytest.fixture
def second(control: AmlocalServer) -> str:
    """A workspace of the same name as the first, in another subscription."""
    control.control(
        "POST",
        "seed",
        {
            "workspaces": [
                {"subscription": OTHER_SUBSCRIPTION, "group": "other", "name": "local", "location": "westeurope"}
            ]
        },
    )
    return OTHER_SUBSCRIPTION


@pytest.mark.slow
def test_created_changed_listed_and_deleted(ml_client: MLClient, connect: Callable[..., MLClient], name: str) -> None:
    made = ml_client.workspaces.begin_create(
        Workspace(name=name, location="westeurope", display_name="Shown", description="d", tags={"a": "b"})
    ).result()
    assert (made.name, made.location, made.display_name) == (name, "westeurope", "Shown")
    assert made.tags["a"] == "b"
    made.description = "other"
    assert ml_client.workspaces.begin_update(made).result().description == "other"
    assert name in [workspace.name for workspace in ml_client.workspaces.list()]
    own = connect(workspace=name)
    assert own.compute.get("cpu-cluster").name == "cpu-cluster"
    own.data.create_or_update(Data(name="x", version="1", path="https://example.org/x", type=AssetTypes.URI_FILE))
    ml_client.workspaces.begin_delete(name, delete_dependent_resources=True).result()
    with pytest.raises(ResourceNotFoundError):
        ml_client.workspaces.get(name)
    assert name not in [workspace.name for workspace in ml_client.workspaces.list()]


@pytest.mark.slow
def test_a_workspace_tells_what_it_was_told(ml_client: MLClient, amlocal_server: AmlocalServer, name: str) -> None:
    group = f"/subscriptions/{amlocal_server.env['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups/amlocal/providers"
    user = f"{group}/Microsoft.ManagedIdentity/userAssignedIdentities/somebody"
    asked = Workspace(
        name=name,
        location="eastus",
        hbi_workspace=True,
        public_network_access="Disabled",
        image_build_compute="cpu-cluster",
        container_registry=f"{group}/Microsoft.ContainerRegistry/registries/images",
        key_vault=f"{group}/Microsoft.KeyVault/vaults/secrets",
        identity=IdentityConfiguration(
            type="user_assigned", user_assigned_identities=[ManagedIdentityConfiguration(resource_id=user)]
        ),
        primary_user_assigned_identity=user,
    )
    made = ml_client.begin_create_or_update(asked).result()
    for field in ("hbi_workspace", "public_network_access", "image_build_compute", "container_registry", "key_vault"):
        assert getattr(made, field) == getattr(asked, field), field
    assert made.primary_user_assigned_identity == user
    assert made.identity is not None
    assert [identity.resource_id for identity in made.identity.user_assigned_identities or []] == [user]
    made.description, made.tags, made.image_build_compute = "changed", {"a": "b"}, "another"
    ml_client.workspaces.begin_update(made).result()
    found = ml_client.workspaces.get(name)
    assert (found.description, found.tags, found.image_build_compute) == ("changed", {"a": "b"}, "another")
    assert (found.key_vault, found.public_network_access) == (asked.key_vault, "Disabled")
    assert shapes.check("Workspace", DataPlane(amlocal_server, name).call("GET", "", "").json()) == []
    ml_client.workspaces.begin_delete(name, delete_dependent_resources=True).result()


def test_a_workspace_is_diagnosed_and_its_keys_are_synced(ml_client: MLClient) -> None:
    results = ml_client.workspaces.begin_diagnose("local").result()
    assert results.storage_account_results == []
    assert results.other_results == []
    ml_client.workspaces.begin_sync_keys("local").result()


def test_a_template_that_fails_leaves_no_workspace(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.fault(provisioning="arm-deployments", path=name, code="QuotaExceeded", message="No more workspaces.")
    with pytest.raises(HttpResponseError) as failed:
        ml_client.workspaces.begin_create(Workspace(name=name, location="eastus")).result()
    assert "No more workspaces." in str(failed.value)
    with pytest.raises(ResourceNotFoundError):
        ml_client.workspaces.get(name)


def test_two_workspaces_share_nothing(
    ml_client: MLClient, connect: Callable[..., MLClient], second: str, tmp_path: Path
) -> None:
    other = connect(subscription=second, group="other")
    name = f"d-{uuid.uuid4().hex[:8]}"
    path = tmp_path / "file.txt"
    path.write_text(name)
    ml_client.data.create_or_update(Data(name=name, version="1", path=str(path), type=AssetTypes.URI_FILE))
    with pytest.raises(ResourceNotFoundError):
        other.data.get(name, "1")
    accounts = {client.datastores.get_default().account_name for client in (ml_client, other)}
    assert len(accounts) == 2
    keys = {client.workspaces.get_keys("local").user_storage_key for client in (ml_client, other)}
    assert len(keys) == 2
    assert other.workspaces.get("local").location == "westeurope"


def test_each_subscription_lists_its_own(ml_client: MLClient, connect: Callable[..., MLClient], second: str) -> None:
    from azure.ai.ml.constants import Scope

    names = [workspace.id for workspace in ml_client.workspaces.list(scope=Scope.SUBSCRIPTION)]
    assert names
    assert not [arm_id for arm_id in names if OTHER_SUBSCRIPTION in arm_id]
    other = connect(subscription=second, group="other")
    assert len(list(other.workspaces.list(scope=Scope.SUBSCRIPTION))) == 1


def test_a_deleted_workspace_takes_everything_with_it(
    connect: Callable[..., MLClient], control: AmlocalServer, name: str, tmp_path: Path
) -> None:
    subscription, group = control.env["AMLOCAL_SUBSCRIPTION_ID"], control.env["AMLOCAL_RESOURCE_GROUP"]
    seed = {"workspaces": [{"subscription": subscription, "group": group, "name": name}]}
    control.control("POST", "seed", seed)
    client = connect(workspace=name)
    path = tmp_path / "file.txt"
    path.write_text("content")
    client.data.create_or_update(Data(name="mine", version="1", path=str(path), type=AssetTypes.URI_FILE))
    before = len(list((control.home / "blobs").glob("??/*")))
    client.workspaces.begin_delete(name, delete_dependent_resources=False).result()
    assert len(list((control.home / "blobs").glob("??/*"))) == before - 1
    control.control("POST", "seed", seed)
    with pytest.raises(ResourceNotFoundError):
        client.data.get("mine", "1")


def test_deleting_takes_its_time(connect: Callable[..., MLClient], control: AmlocalServer, name: str) -> None:
    subscription, group = control.env["AMLOCAL_SUBSCRIPTION_ID"], control.env["AMLOCAL_RESOURCE_GROUP"]
    control.control("POST", "seed", {"workspaces": [{"subscription": subscription, "group": group, "name": name}]})
    control.pace(workspaces="seconds:3")
    client = connect(workspace=name)
    client.workspaces.begin_delete(name, delete_dependent_resources=False)
    assert client.workspaces.get(name).name == name
    with pytest.raises(HttpResponseError, match="is being deleted"):
        client.workspaces.begin_update(client.workspaces.get(name), description="too late").result()

    def is_gone() -> bool:
        try:
            client.workspaces.get(name)
        except ResourceNotFoundError:
            return True
        return False

    wait_for(is_gone)


@pytest.mark.parametrize("bad", ["x", "-starts-wrong", "has space", "a" * 40])
def test_bad_names_are_refused(amlocal_server: AmlocalServer, bad: str) -> None:
    env = amlocal_server.env
    response = requests.put(
        f"{amlocal_server.url}/subscriptions/{env['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups/amlocal"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{bad}",
        params=VERSION,
        json={"location": "eastus"},
        headers={"Authorization": f"Bearer {token(amlocal_server)}"},
        timeout=10,
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidWorkspaceName")


def test_resource_groups(amlocal_server: AmlocalServer, name: str) -> None:
    base = f"{amlocal_server.url}/subscriptions/{amlocal_server.env['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups"
    session = requests.Session()
    session.params = VERSION
    session.headers["Authorization"] = f"Bearer {token(amlocal_server)}"
    assert session.get(f"{base}/{name}", timeout=10).status_code == 404
    assert session.put(f"{base}/{name}", json={"location": "eastus"}, timeout=10).status_code == 201
    assert name in [group["name"] for group in session.get(base, timeout=10).json()["value"]]
    assert session.head(f"{base}/{name}", timeout=10).status_code == 204
    assert session.head(f"{base}/missing", timeout=10).status_code == 404
    changed = session.patch(f"{base}/{name}", json={"tags": {"a": "b"}}, timeout=10).json()
    assert (changed["tags"], changed["location"]) == ({"a": "b"}, "eastus")
    assert session.delete(f"{base}/{name}", timeout=10).status_code == 200
    assert session.delete(f"{base}/amlocal", timeout=10).json()["error"]["code"] == "ResourceGroupNotEmpty"


def test_a_clock_is_in_every_answer(ml_client: MLClient) -> None:
    """`createdAt` has sub-second figures: the SDK chooses the latest version by it."""
    before = time.time()
    data = ml_client.data.create_or_update(
        Data(name=f"d-{uuid.uuid4().hex[:8]}", path="https://example.org/x", type=AssetTypes.URI_FILE)
    )
    assert before - 1 < data.creation_context.created_at.timestamp() < time.time() + 1
