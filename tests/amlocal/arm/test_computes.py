"""Compute clusters through the SDK."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AmlCompute,
    AmlComputeSshSettings,
    ComputeInstance,
    IdentityConfiguration,
    KubernetesCompute,
    NetworkSettings,
)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal import shapes
from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, await_status, submit
from tests.amlocal.serving_at_work import is_alive
from tests.amlocal_server import AmlocalServer, wait_for


def cluster(name: str, **other: object) -> AmlCompute:
    return AmlCompute(name=name, **{"size": "Standard_DS3_v2", "max_instances": 2, **other})


def test_one_is_there_from_the_start(ml_client: MLClient) -> None:
    found = ml_client.compute.get("cpu-cluster")
    assert (found.type, found.size, found.provisioning_state) == ("amlcompute", "STANDARD_DS3_V2", "Succeeded")
    assert "cpu-cluster" in [compute.name for compute in ml_client.compute.list()]


def test_created_read_changed_deleted(ml_client: MLClient, name: str) -> None:
    wanted = cluster(name, min_instances=1, max_instances=3, idle_time_before_scale_down=60, tier="low_priority")
    made = ml_client.compute.begin_create_or_update(wanted).result()
    assert (made.min_instances, made.max_instances, made.idle_time_before_scale_down) == (1, 3, 60)
    assert made.tier == "low_priority"
    made.max_instances = 5
    assert ml_client.compute.begin_update(made).result().max_instances == 5
    ml_client.compute.begin_delete(name).result()
    with pytest.raises(ResourceNotFoundError):
        ml_client.compute.get(name)


def test_creating_takes_its_time(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.pace(computes="polls:2")
    poller = ml_client.compute.begin_create_or_update(cluster(name))
    assert ml_client.compute.get(name).provisioning_state == "Creating"
    assert poller.result().provisioning_state == "Succeeded"
    assert len(control.requests("GET", "mfeOperationsStatus")) >= 3


def test_a_pace_in_seconds_needs_nobody_to_poll(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.pace(computes="seconds:0.5")
    ml_client.compute.begin_create_or_update(cluster(name))
    assert ml_client.compute.get(name).provisioning_state == "Creating"
    give_up_at = time.monotonic() + 5
    while ml_client.compute.get(name).provisioning_state != "Succeeded":
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def test_two_changes_at_once_are_a_conflict(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.pace(computes="polls:1000")
    ml_client.compute.begin_create_or_update(cluster(name))
    with pytest.raises(HttpResponseError) as refused:
        ml_client.compute.begin_delete(name)
    assert refused.value.status_code == 409


def test_provisioning_that_fails_tells_why(ml_client: MLClient, control: AmlocalServer, name: str) -> None:
    control.fault(provisioning="computes", path=name, code="QuotaExceeded", message="No cores are left.")
    with pytest.raises(HttpResponseError) as failed:
        ml_client.compute.begin_create_or_update(cluster(name)).result()
    assert "No cores are left." in str(failed.value)
    assert ml_client.compute.get(name).provisioning_state == "Failed"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"size": "Standard_Nothing"}, "InvalidVmSize"),
        ({"max_instances": 0}, "InvalidScaleSettings"),
        ({"min_instances": 3, "max_instances": 2}, "InvalidScaleSettings"),
        ({"name": "9-starts-with-a-digit"}, "InvalidComputeName"),
    ],
)
def test_bad_input_is_refused(ml_client: MLClient, name: str, wanted: dict[str, object], code: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        ml_client.compute.begin_create_or_update(cluster(**{"name": name, **wanted}))  # type: ignore[arg-type]
    assert code in str(refused.value)


def test_what_is_not_here_says_so(ml_client: MLClient, name: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        ml_client.compute.begin_create_or_update(ComputeInstance(name=name, size="Standard_DS3_v2"))
    assert refused.value.status_code == 501
    assert "ComputeInstance" in str(refused.value)


def told(entity: object, *names: str) -> Any:
    """What the SDK files under the word of the wire or, in older releases, under its own."""
    return next(vars(entity)[name] for name in names if name in vars(entity))


def test_sizes_and_usage(ml_client: MLClient, name: str) -> None:
    sizes = {size.name: size for size in ml_client.compute.list_sizes()}
    assert told(sizes["Standard_DS3_v2"], "vCPUs", "v_cp_us") == 4

    def used(text: str) -> int:
        rows = {vars(usage)["name"]["value"]: usage for usage in ml_client.compute.list_usage()}
        return int(told(rows[text], "currentValue", "current_value"))

    every, family = "Total Cluster Dedicated Regional vCPUs", "standardFSv2Family Cluster Dedicated vCPUs"
    before = used(every), used(family)
    wanted = cluster(name, size="Standard_F4s_v2", min_instances=2, max_instances=3)
    ml_client.compute.begin_create_or_update(wanted).result()
    assert used(family) == before[1] + 8, "the nodes that there are count, not those that there may be"
    assert used(every) >= used(family)
    ml_client.compute.begin_delete(name).result()
    assert used(family) == before[1]


def test_a_cluster_keeps_how_it_is_reached_but_no_password(ml_client: MLClient, plane: DataPlane, name: str) -> None:
    secret = "Pa55-word-of-nobody"
    wanted = cluster(
        name,
        ssh_public_access_enabled=True,
        ssh_settings=AmlComputeSshSettings(admin_username="me", ssh_key_value="ssh-rsa AAAA", admin_password=secret),
        network_settings=NetworkSettings(vnet_name="v", subnet="default"),
        enable_node_public_ip=False,
        identity=IdentityConfiguration(type="SystemAssigned"),
        tags={"team": "a"},
    )
    made = ml_client.compute.begin_create_or_update(wanted).result()
    assert (made.ssh_public_access_enabled, made.ssh_settings.admin_username) == (True, "me")
    assert made.network_settings.subnet.endswith("/virtualNetworks/v/subnets/default")
    assert made.enable_node_public_ip is False
    assert made.identity.type.lower().replace("_", "") == "systemassigned"
    assert made.tags == {"team": "a"}
    assert secret not in plane.call("GET", "", f"computes/{name}").text


def test_jobs_of_a_cluster_that_is_deleted_fail(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path, name: str
) -> None:
    ml_client.compute.begin_create_or_update(cluster(name, max_instances=1)).result()
    running = submit(ml_client, None, f"echo $$ > {tmp_path}/pid; exec sleep 300", compute=name).name
    await_status(ml_client, running, ("Running",))
    waiting = submit(ml_client, None, "true", compute=name).name
    await_status(ml_client, waiting, ("Queued",))
    pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    ml_client.compute.begin_delete(name).result()
    for job in (running, waiting):
        assert await_end(ml_client, job).status == "Failed"
        assert f"'{name}' was deleted" in plane.details(job)["error"]["error"]["message"]
    assert not is_alive(pid)


def test_a_tier_stays_as_it_was_made(ml_client: MLClient, name: str) -> None:
    ml_client.compute.begin_create_or_update(cluster(name, tier="low_priority")).result()
    changed = ml_client.compute.begin_update(cluster(name, tier="low_priority", min_instances=1)).result()
    assert (changed.tier, changed.min_instances) == ("low_priority", 1)


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def counts(plane: DataPlane, name: str) -> tuple[int, int, int]:
    """Nodes in all, running, idle; and the answer has the SDK's shape."""
    answer = plane.call("GET", "", f"computes/{name}").json()
    assert shapes.check("ComputeResource", answer) == []
    own = answer["properties"]["properties"]
    assert own["allocationState"] == "Steady"
    assert own["targetNodeCount"] == own["currentNodeCount"]
    states = own["nodeStateCounts"]
    return own["currentNodeCount"], states["runningNodeCount"], states["idleNodeCount"]


def test_nodes_come_with_jobs_and_go_after_the_idle_time(
    ml_client: MLClient, plane: DataPlane, tmp_path: Path, name: str
) -> None:
    ml_client.compute.begin_create_or_update(cluster(name, idle_time_before_scale_down=2)).result()
    assert counts(plane, name) == (0, 0, 0)
    line = f"while [ ! -e {tmp_path}/go ]; do sleep 0.1; done"
    jobs = [submit(ml_client, None, line, compute=name).name for _ in range(3)]
    wait_for(lambda: counts(plane, name) == (2, 2, 0))
    queued = jobs[2]
    await_status(ml_client, queued, ("Queued",))
    reason = plane.details(queued)["queueingInfo"]["message"]
    assert f"1 of the 2 nodes of compute '{name}': 2 are in use, and 0 jobs are before it" in reason
    running = {told(node, "runId", "run_id") for node in ml_client.compute.list_nodes(name)}
    assert running == set(jobs) - {queued}
    (tmp_path / "go").touch()
    for job in jobs:
        assert await_end(ml_client, job).status == "Completed"
    assert "queueingInfo" not in plane.details(queued)
    wait_for(lambda: counts(plane, name) == (0, 0, 0))


def test_the_least_number_of_nodes_stays(ml_client: MLClient, plane: DataPlane, name: str) -> None:
    ml_client.compute.begin_create_or_update(cluster(name, min_instances=1, idle_time_before_scale_down=1)).result()
    assert counts(plane, name) == (1, 0, 1)
    await_end(ml_client, submit(ml_client, None, "true", compute=name).name)
    # Longer than the idle time, a tenth of a second at this server's time scale.
    time.sleep(0.3)
    assert counts(plane, name) == (1, 0, 1)


def test_a_larger_cluster_runs_what_was_queued(ml_client: MLClient, name: str) -> None:
    ml_client.compute.begin_create_or_update(cluster(name, max_instances=1)).result()
    first = submit(ml_client, None, "sleep 30", compute=name).name
    await_status(ml_client, first, ("Running",))
    second = submit(ml_client, None, "true", compute=name).name
    await_status(ml_client, second, ("Queued",))
    ml_client.compute.begin_update(cluster(name, max_instances=2)).result()
    assert await_end(ml_client, second).status == "Completed"
    ml_client.jobs.begin_cancel(first).wait()
    await_end(ml_client, first)


@pytest.mark.parametrize("own_server", [{"AMLOCAL_TIME_SCALE": "0"}], indirect=True)
def test_idle_time_is_scaled(own_server: AmlocalServer) -> None:
    plane = DataPlane(own_server)
    properties = {"jobType": "Command", "command": "true", "computeId": f"{plane.workspace}/computes/cpu-cluster"}
    environment = "azureml://registries/azureml/environments/x/versions/1"
    body = {"properties": {**properties, "environmentId": environment}}
    assert plane.call("PUT", "", "jobs/quick", body).status_code == 201
    wait_for(lambda: plane.details("quick")["status"] == "Completed")
    wait_for(lambda: counts(plane, "cpu-cluster") == (0, 0, 0), seconds=3)


@pytest.mark.parametrize("compute", [None, "serverless"])
def test_a_job_needs_no_compute_of_ones_own(ml_client: MLClient, compute: str | None) -> None:
    job = submit(ml_client, None, "true", compute=compute)
    assert await_end(ml_client, job.name).status == "Completed"


def test_kubernetes_is_attached_used_and_detached(ml_client: MLClient, plane: DataPlane, name: str) -> None:
    cluster_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/k"
    wanted = KubernetesCompute(name=name, resource_id=cluster_id, namespace="ml")
    made = ml_client.compute.begin_create_or_update(wanted).result()
    assert (made.type, made.namespace, made.resource_id, made.provisioning_state) == (
        "kubernetes",
        "ml",
        cluster_id,
        "Succeeded",
    )
    assert shapes.check("ComputeResource", plane.call("GET", "", f"computes/{name}").json()) == []
    assert name in [compute.name for compute in ml_client.compute.list(compute_type="kubernetes")]
    assert await_end(ml_client, submit(ml_client, None, "true", compute=name).name).status == "Completed"
    ml_client.compute.begin_delete(name, action="Detach").result()
    with pytest.raises(ResourceNotFoundError):
        ml_client.compute.get(name)


def test_kubernetes_needs_a_cluster(ml_client: MLClient, name: str) -> None:
    with pytest.raises(HttpResponseError, match="resourceId"):
        ml_client.compute.begin_create_or_update(KubernetesCompute(name=name)).result()
