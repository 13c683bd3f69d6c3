"""Online endpoints and deployments through the SDK: rules, traffic, keys, logs, scale, update, delete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import ManagedOnlineEndpoint
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.serving_at_work import Served, is_alive
from tests.amlocal_server import AmlocalServer, wait_for


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("served"), "ep-endpoints")
    served.deploy("blue", tags={"kept": "yes"})
    yield served
    served.delete()


def create(client: MLClient, name: str, **more: object) -> ManagedOnlineEndpoint:
    return client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, **more)).result()


def test_an_endpoint_is_made_read_listed_and_deleted(ml_client: MLClient, name: str) -> None:
    made = create(ml_client, name, auth_mode="key", tags={"a": "b"}, properties={"p": "q"}, description="Told")
    assert (made.provisioning_state, made.tags, made.description) == ("Succeeded", {"a": "b"}, "Told")
    assert made.scoring_uri.endswith(f"/{name}/score")
    assert made.properties["p"] == "q"
    assert name in [endpoint.name for endpoint in ml_client.online_endpoints.list()]
    assert (made.identity.type, len(made.identity.principal_id)) == ("system_assigned", 36)
    keys = ml_client.online_endpoints.get_keys(name)
    assert keys.primary_key
    assert keys.primary_key != keys.secondary_key
    ml_client.online_endpoints.begin_delete(name).result()
    with pytest.raises(ResourceNotFoundError):
        ml_client.online_endpoints.get(name)


@pytest.mark.parametrize("bad", ["ab", "1abc", "a--b", "abc-", "a_b", "a" * 33])
def test_a_name_outside_the_rules_is_refused(amlocal_server: AmlocalServer, bad: str) -> None:
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    answer = DataPlane(amlocal_server).call("PUT", "", f"onlineEndpoints/{bad}", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgument")


def test_a_second_put_updates(ml_client: MLClient, served: Served) -> None:
    before = ml_client.online_endpoints.get(served.name)
    before.tags = {"made-by": "tests", "second": "put"}
    after = ml_client.online_endpoints.begin_create_or_update(before).result()
    assert after.tags == {"made-by": "tests", "second": "put"}
    assert after.scoring_uri == before.scoring_uri
    assert ml_client.online_endpoints.get_keys(served.name).primary_key


def test_a_patch_changes_what_it_names(amlocal_server: AmlocalServer, ml_client: MLClient, served: Served) -> None:
    before = ml_client.online_endpoints.get(served.name)
    for traffic in (0, 100):  # MLflow's deployment client sends its traffic so
        body = {"properties": {"traffic": {"blue": traffic}}}
        answer = DataPlane(amlocal_server).call("PATCH", "", f"onlineEndpoints/{served.name}", body)
        assert answer.status_code == 200, answer.text
        assert ml_client.online_endpoints.get(served.name).traffic == {"blue": traffic}
    assert ml_client.online_endpoints.get(served.name).tags == before.tags
    assert DataPlane(amlocal_server).call("PATCH", "", "onlineEndpoints/never-was", body).status_code == 404


def test_traffic_follows_azures_rules(ml_client: MLClient, served: Served, name: str) -> None:
    with pytest.raises(HttpResponseError, match="at creation"):
        create(ml_client, name, traffic={"blue": 100})
    for traffic in ({"blue": 50}, {"blue": 90, "nobody": 10}, {"nobody": 100}):
        with pytest.raises(HttpResponseError, match="BadArgument"):
            served.route(**traffic)
    served.route(blue=100)
    assert ml_client.online_endpoints.get(served.name).traffic == {"blue": 100}
    served.route(blue=0)
    assert ml_client.online_endpoints.get(served.name).traffic == {"blue": 0}


def test_a_deployment_is_told_as_it_was_asked(ml_client: MLClient, served: Served) -> None:
    read = ml_client.online_deployments.get("blue", served.name)
    assert (read.provisioning_state, read.instance_type, read.instance_count) == ("Succeeded", "Standard_DS3_v2", 1)
    assert read.tags == {"kept": "yes"}
    assert read.request_settings.request_timeout_ms == 5000
    assert read.model == served.model.id
    assert [each.name for each in ml_client.online_deployments.list(served.name)] == ["blue"]
    log = ml_client.online_deployments.get_logs("blue", served.name, lines=200)
    assert "Users's init has completed successfully" in log
    assert log.startswith("Instance status:\nSystemSetup: Succeeded\nUserContainerImagePull: Succeeded\n")
    assert "\nUserContainerStart: Succeeded\n" in log
    assert (
        len(ml_client.online_deployments.get_logs("blue", served.name, lines=2).partition("logs:\n")[2].split("\n"))
        == 3
    )
    log = ml_client.online_deployments.get_logs("blue", served.name, lines=50, container_type="storage-initializer")
    assert "Downloading model" in log


def test_a_script_that_breaks_fails_the_deployment_and_its_log_stays(ml_client: MLClient, served: Served) -> None:
    with pytest.raises(HttpResponseError, match="User container has crashed"):
        served.deploy("broken", variables={"BREAK": "1"})
    assert ml_client.online_deployments.get("broken", served.name).provisioning_state == "Failed"
    log = ml_client.online_deployments.get_logs("broken", served.name, lines=300)
    assert "RuntimeError: broken on purpose" in log
    assert "\nUserContainerStart: InProgress\n" in log
    assert served.post(azureml_model_deployment="broken").status_code == 503
    with pytest.raises(HttpResponseError, match="unrecoverable state"):
        served.deploy("broken")
    ml_client.online_deployments.begin_delete("broken", served.name).result()
    served.deploy("broken")
    assert served.post(azureml_model_deployment="broken").status_code == 200
    ml_client.online_deployments.begin_delete("broken", served.name).result()
    assert served.post(azureml_model_deployment="broken").status_code == 404


def test_scaling_keeps_the_servers_there_are(ml_client: MLClient, served: Served) -> None:
    def pids() -> set[int]:
        return {served.post(azureml_model_deployment="blue").json()["pid"] for _ in range(6)}

    before = pids()
    served.deploy("blue", instance_count=2, tags={"kept": "yes"})
    both = pids()
    assert len(both) == 2
    assert before < both
    served.deploy("blue", instance_count=1, tags={"kept": "yes"})
    assert pids() == before
    wait_for(lambda: not any(is_alive(pid) for pid in both - before))


def test_an_update_in_place_answers_all_the_time(ml_client: MLClient, served: Served) -> None:
    import threading

    served.deploy("swap", variables={"WHO": "old"})
    stop, failures, seen = threading.Event(), [], set()

    def ask() -> None:
        key = ml_client.online_endpoints.get_keys(served.name).primary_key
        while not stop.is_set():
            answer = served.post(key=key, azureml_model_deployment="swap")
            if answer.status_code == 200:
                seen.add(answer.json()["who"])
            else:
                failures.append(answer.text)
            time.sleep(0.02)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        served.deploy("swap", variables={"WHO": "new"})
        wait_for(lambda: "new" in seen)
    finally:
        stop.set()
        asking.join()
    assert seen == {"old", "new"}
    assert failures == []
    ml_client.online_deployments.begin_delete("swap", served.name).result()


def test_a_failed_update_leaves_the_old_servers(ml_client: MLClient, served: Served) -> None:
    served.deploy("keep", variables={"WHO": "first"})
    with pytest.raises(HttpResponseError):
        served.deploy("keep", variables={"WHO": "second", "BREAK": "1"})
    assert ml_client.online_deployments.get("keep", served.name).provisioning_state == "Failed"
    assert served.post(azureml_model_deployment="keep").json()["who"] == "first"
    assert "broken on purpose" in ml_client.online_deployments.get_logs("keep", served.name, lines=300)
    ml_client.online_deployments.begin_delete("keep", served.name).result()


def test_keys_are_regenerated_one_at_a_time(ml_client: MLClient, served: Served) -> None:
    served.route(blue=100)
    old = ml_client.online_endpoints.get_keys(served.name)
    ml_client.online_endpoints.begin_regenerate_keys(served.name, key_type="primary").result()
    new = ml_client.online_endpoints.get_keys(served.name)
    assert new.primary_key != old.primary_key
    assert new.secondary_key == old.secondary_key
    assert served.post(key=old.primary_key).status_code == 401
    assert served.post(key=old.secondary_key).status_code == 200


def test_a_second_operation_on_the_same_deployment_is_a_conflict(
    ml_client: MLClient, served: Served, control: AmlocalServer
) -> None:
    control.pace(deployments="seconds:3")
    plane = DataPlane(control)
    path = f"onlineEndpoints/{served.name}/deployments/blue"
    body = plane.call("GET", "", path).json()
    assert plane.call("PUT", "", path, body).status_code == 200
    second = plane.call("PUT", "", path, body)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "Conflict")
    wait_for(lambda: plane.call("GET", "", path).json()["properties"]["provisioningState"] == "Succeeded")


def test_a_provisioning_fault_fails_a_deployment(ml_client: MLClient, served: Served, control: AmlocalServer) -> None:
    control.fault(provisioning="deployments", code="OutOfCapacity", message="No nodes of that size.")
    with pytest.raises(HttpResponseError, match="OutOfCapacity"):
        served.deploy("unlucky")
    assert ml_client.online_deployments.get("unlucky", served.name).provisioning_state == "Failed"
    ml_client.online_deployments.begin_delete("unlucky", served.name).result()


def test_what_is_missing_is_refused_before_anything_starts(ml_client: MLClient, served: Served) -> None:
    environment = served.model.id.partition("/models/")[0] + "/environments/never-was/versions/1"
    with pytest.raises(HttpResponseError, match="never-was"):
        served.deploy("noenv", environment=environment)
    gone = served.model.id.replace("/versions/1", "/versions/77")
    with pytest.raises((HttpResponseError, ResourceNotFoundError)):
        served.deploy("nomodel", model=gone)
    with pytest.raises(ResourceNotFoundError):
        ml_client.online_deployments.get("nomodel", served.name)


def test_a_name_that_another_workspace_has_is_taken(control: AmlocalServer, served: Served) -> None:
    env = control.env
    second = {"subscription": env["AMLOCAL_SUBSCRIPTION_ID"], "group": env["AMLOCAL_RESOURCE_GROUP"], "name": "second"}
    control.control("POST", "seed", {"workspaces": [second]})
    plane = DataPlane(control)
    plane.workspace = plane.workspace.rpartition("/")[0] + "/second"
    body = {"location": "eastus", "properties": {"authMode": "Key"}}
    answer = plane.call("PUT", "", f"onlineEndpoints/{served.name}", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Conflict")


@pytest.mark.parametrize("own_server", [{"AMLOCAL_PROFILE": "least-kind"}], indirect=True)
def test_at_the_least_kind_a_deployment_with_traffic_stays(own_server: AmlocalServer, tmp_path: Path) -> None:
    own_server.pace("immediate", retry_after=1)
    env = own_server.env
    names = (env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], env["AMLOCAL_WORKSPACE"])
    served = Served(MLClient(ManagedIdentityCredential(), *names), tmp_path / "served", "ep-strict")
    served.deploy("blue")
    served.route(blue=100)
    with pytest.raises(HttpResponseError, match="non-zero live traffic"):
        served.client.online_deployments.begin_delete("blue", served.name).result()
    assert served.post().status_code == 200
    served.route(blue=0)
    served.client.online_deployments.begin_delete("blue", served.name).result()


def test_deleting_an_endpoint_ends_its_servers(ml_client: MLClient, tmp_path: Path) -> None:
    served = Served(ml_client, tmp_path / "gone", "ep-gone")
    served.deploy("blue")
    served.route(blue=100)
    pid = served.post().json()["pid"]
    assert is_alive(pid)
    served.delete()
    wait_for(lambda: not is_alive(pid))
    assert served.post(key="any").status_code == 404
