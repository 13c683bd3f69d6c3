"""Quotas: what passes them is refused, or waits, in Azure's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute, Job
from azure.core.exceptions import HttpResponseError

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, await_status, submit
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import AmlocalServer, wait_for

# A family of machines that no other test uses.
FAMILY, SIZE, CORES = "standardESv3Family", "Standard_E4s_v3", 4


@pytest.fixture
def quota(amlocal_server: AmlocalServer, plane: DataPlane, name: str) -> Iterator[AmlocalServer]:
    """The session's server; afterwards its quotas are as before, and the nodes of the test's cluster are gone."""
    yield amlocal_server
    amlocal_server.control("PUT", "quotas", {})
    plane.call("DELETE", "", f"computes/{name}?underlyingResourceAction=Delete")


@pytest.fixture(scope="module")
def plane(amlocal_server: AmlocalServer) -> DataPlane:
    return DataPlane(amlocal_server)


def cluster(name: str, **other: object) -> AmlCompute:
    return AmlCompute(name=name, **{"size": SIZE, "max_instances": 4, **other})


def hold(folder: Path) -> str:
    """A command that runs until there is a file `go` in the folder."""
    return f"while [ ! -e {folder}/go ]; do sleep 0.1; done"


def test_a_cluster_that_cannot_have_one_node_is_refused(ml_client: MLClient, quota: AmlocalServer, name: str) -> None:
    quota.control("PUT", "quotas", {FAMILY: CORES - 1})
    with pytest.raises(HttpResponseError) as refused:
        ml_client.compute.begin_create_or_update(cluster(name)).result()
    assert "has a Standard ESv3 family vCPU quota of 3 and cannot accomodate for at least 1" in str(refused.value)
    assert "ClusterMinNodesExceedCoreQuota" in str(refused.value)
    assert name not in [compute.name for compute in ml_client.compute.list()]


def test_a_clusters_least_number_of_nodes_must_fit_when_it_is_made_and_changed(
    ml_client: MLClient, quota: AmlocalServer, name: str
) -> None:
    quota.control("PUT", "quotas", {FAMILY: 2 * CORES})
    with pytest.raises(HttpResponseError, match="min nodes of 3 which maps to 12 vCPUs"):
        ml_client.compute.begin_create_or_update(cluster(name, min_instances=3)).result()
    ml_client.compute.begin_create_or_update(cluster(name)).result()
    with pytest.raises(HttpResponseError, match="min nodes of 3"):
        ml_client.compute.begin_update(cluster(name, min_instances=3)).result()
    assert ml_client.compute.get(name).min_instances == 0


def test_low_priority_has_a_quota_of_its_own(ml_client: MLClient, quota: AmlocalServer, name: str) -> None:
    quota.control("PUT", "quotas", {"cores": 0, "low_priority_cores": CORES})
    ml_client.compute.begin_create_or_update(cluster(name, tier="low_priority")).result()
    quota.control("PUT", "quotas", {"low_priority_cores": 0})
    with pytest.raises(HttpResponseError, match="a total vCPU quota of 0"):
        ml_client.compute.begin_create_or_update(cluster(f"{name}-b", tier="low_priority")).result()


def one_that_runs_and_one_that_waits(
    ml_client: MLClient, quota: AmlocalServer, tmp_path: Path, name: str
) -> tuple[Job, Job]:
    """Two jobs of a cluster, and a quota for one node. The first ends when there is a file `go`."""
    quota.control("PUT", "quotas", {FAMILY: CORES})
    ml_client.compute.begin_create_or_update(cluster(name)).result()
    first = submit(ml_client, None, hold(tmp_path), compute=name)
    await_status(ml_client, first.name, ("Running",))
    second = submit(ml_client, None, "true", compute=name)
    await_status(ml_client, second.name, ("Queued",))
    return first, second


def test_nodes_come_only_as_far_as_the_quota_goes(
    ml_client: MLClient, plane: DataPlane, quota: AmlocalServer, tmp_path: Path, name: str
) -> None:
    _, second = one_that_runs_and_one_that_waits(ml_client, quota, tmp_path, name)
    told = wait_for(lambda: plane.call("GET", "", f"computes/{name}").json()["properties"]["properties"]["errors"])
    assert told[0]["error"]["code"] == "ClusterCoreQuotaReached"
    assert "Maximum allowed: 4, Current in use: 4, Additional requested: 4" in told[0]["error"]["message"]
    assert "Maximum allowed: 4" in plane.details(second.name)["queueingInfo"]["message"]
    (tmp_path / "go").touch()
    assert await_end(ml_client, second.name).status == "Completed"
    assert plane.call("GET", "", f"computes/{name}").json()["properties"]["properties"]["errors"] is None


def test_a_larger_quota_lets_those_that_wait_run(
    ml_client: MLClient, quota: AmlocalServer, tmp_path: Path, name: str
) -> None:
    first, second = one_that_runs_and_one_that_waits(ml_client, quota, tmp_path, name)
    quota.control("PUT", "quotas", {})
    assert await_end(ml_client, second.name).status == "Completed"
    (tmp_path / "go").touch()
    assert await_end(ml_client, first.name).status == "Completed"


def test_a_job_with_more_nodes_than_the_quota_has_cores_is_refused(
    ml_client: MLClient, quota: AmlocalServer, name: str
) -> None:
    ml_client.compute.begin_create_or_update(cluster(name)).result()
    quota.control("PUT", "quotas", {FAMILY: CORES})
    with pytest.raises(HttpResponseError, match=r"JobNodeCountExceedsCoreQuota.*node count of 2 which maps to 8 vCPUs"):
        submit(ml_client, None, "true", compute=name, instance_count=2)


def test_deployments_need_a_fifth_more_than_their_instances(
    ml_client: MLClient, quota: AmlocalServer, tmp_path: Path, name: str
) -> None:
    served = Served(ml_client, tmp_path, name)
    quota.control("PUT", "quotas", {FAMILY: 2 * CORES - 1})
    with pytest.raises(HttpResponseError) as refused:
        served.deploy("blue", instance_type=SIZE)
    assert f"Not enough quota available for {SIZE} in SubscriptionId" in str(refused.value)
    assert "Current usage/limit: 0/7. Additional needed: 8 " in str(refused.value)
    assert [detail.code for detail in refused.value.error.details] == ["InferencingClientCreateDeploymentFailed"]
    quota.control("PUT", "quotas", {FAMILY: 2 * CORES})
    served.deploy("blue", instance_type=SIZE)
    usage = {vars(row)["name"]["value"]: vars(row) for row in ml_client.compute.list_usage()}
    row = usage[f"{FAMILY} Cluster Dedicated vCPUs"]
    assert [row.get("currentValue", row.get("current_value")), row["limit"]] == [8, 8]
    served.deploy("blue", instance_type=SIZE, variables={"WHO": "again"})
    with pytest.raises(HttpResponseError, match=r"Current usage/limit: 8/8. Additional needed: 8 "):
        served.deploy("green", instance_type=SIZE)
    served.delete()


@pytest.mark.parametrize(
    ("quotas", "words"),
    [
        ({"endpoint_deployments": 1}, "at most 1 deployments"),
        ({"deployment_instances": 2}, "1 to 2 instances, not 3"),
        ({"deployments": 1}, r"Deployment Quota reached for subscription .*\.Current usage/limit: \d+/1\."),
    ],
)
def test_deployments_are_counted(
    ml_client: MLClient, quota: AmlocalServer, tmp_path: Path, name: str, quotas: dict[str, int], words: str
) -> None:
    served = Served(ml_client, tmp_path, name)
    served.deploy("blue")
    quota.control("PUT", "quotas", quotas)
    with pytest.raises(HttpResponseError, match=words):
        served.deploy("green", instance_count=3)
    served.delete()


def test_endpoints_are_counted(ml_client: MLClient, quota: AmlocalServer, tmp_path: Path, name: str) -> None:
    quota.control("PUT", "quotas", {"endpoints": 0})
    with pytest.raises(HttpResponseError, match=r"Endpoint Quota reached for subscription .*\.Current usage/limit: "):
        Served(ml_client, tmp_path, name)


def test_unknown_quotas_are_refused(quota: AmlocalServer) -> None:
    for wrong in ({"wishes": 3}, {"cores": "many"}):
        with pytest.raises(RuntimeError, match=r"400.*InvalidQuota"):
            quota.control("PUT", "quotas", wrong)
    assert quota.control("GET", "quotas")["quotas"]["endpoints"] == 100


@pytest.mark.parametrize("own_server", [{"AMLOCAL_QUOTAS": "cores=12, endpoints=2"}], indirect=True)
def test_a_setting_places_quotas(own_server: AmlocalServer) -> None:
    placed = own_server.control("GET", "quotas")["quotas"]
    assert (placed["cores"], placed["endpoints"], placed["deployments"]) == (12, 2, 500)
    own_server.control("PUT", "quotas", {"cores": 4})
    placed = own_server.control("PUT", "quotas", {"endpoints": 5})["quotas"]
    assert (placed["cores"], placed["endpoints"]) == (12, 5)


@pytest.mark.parametrize("text", ["cores", "cores=many", "wishes=3"])
def test_a_setting_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(RuntimeError, match="AMLOCAL_QUOTAS"):
        AmlocalServer(tmp_path, {"AMLOCAL_QUOTAS": text}).start()
