"""Compute clusters through the SDK."""

from __future__ import annotations

import time

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute, ComputeInstance
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.amlocal_server import AmlocalServer


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


def test_sizes_and_usage(ml_client: MLClient) -> None:
    sizes = {size.name: size for size in ml_client.compute.list_sizes()}
    # The SDK files the figure under the word of the wire.
    assert vars(sizes["Standard_DS3_v2"])["vCPUs"] == 4
    usages = list(ml_client.compute.list_usage())
    assert vars(usages[0])["currentValue"] >= 16
