"""Processes die at bad moments: workers, the queue, the whole site. Nothing is lost, nothing is made twice."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from launch.console import Problem
from launch.demo.api_client import ApiClient
from tests.amlocal_server import AmlocalServer
from tests.journeys import servers, walks
from tests.journeys.furnishing import Places, api_path
from tests.journeys.servers import RunningServer, wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]
WORKER = "worker-local"
FINAL = {"succeeded", "failed", "cancelled", "lost_track"}


@pytest.fixture
def azure(site: RunningServer, places: Places) -> Iterator[AmlocalServer]:
    """The site's amlocal, which takes three seconds for everything that Azure takes long for."""
    server = site.amlocal
    server.forget_requests()
    server.pace("seconds:3")
    yield server
    server.pace("immediate")
    server.clear_faults()


def deploy(places: Places, endpoint: str) -> str:
    """The API's path of the endpoint whose deployment has just been queued."""
    version = places.version.rstrip("/").rpartition("/")[2]
    wanted = {"version": version, "endpoint_name": endpoint, "deployment_name": "blue"}
    return f"endpoints/{places.owner.post('endpoints/deploy', wanted)['endpoint']}"


def submit(places: Places, name: str) -> str:
    """The API's path of the job that has just been queued."""
    (workspace,) = places.owner.list("workspaces")
    job = {"recipe": "mnist-keras", "workspace": workspace["id"], "compute": "cpu-cluster", "display_name": name}
    operation = places.owner.post("jobs", job | {"parameters": {"epochs": 1, "train_limit": 200}})
    return f"jobs/{operation['target']['id']}"


def operation(api: ApiClient, path: str) -> dict[str, object]:
    found: dict[str, object] = api.get(path)["operation"]
    return found


def ends(api: ApiClient, path: str, seconds: float = 240) -> dict[str, object]:
    """The operation shown on the page, once it is over."""
    return wait_for(lambda: (found := operation(api, path))["state"] in FINAL and found, seconds, f"{path} is not over")


def kill_worker(site: RunningServer) -> None:
    """kill -9 for the cloud worker and its children; returns when it is started again."""
    before = site.service(WORKER)[0]
    site.kill_service(WORKER)
    wait_for(lambda: site.service(WORKER)[0] != before, 40, "the worker is not started again")


def kill_during(site: RunningServer, places: Places, path: str, step: str) -> None:
    """Kill the worker while the step's request is on its way: Azure carries it out and nobody reads the answer."""
    wait_for(lambda: operation(places.owner, path)["step"] == step, 240, f"{step} did not come")
    time.sleep(1)  # the request is out, and held back for longer than this
    kill_worker(site)


def puts(azure: AmlocalServer, pattern: str) -> list[int]:
    """The status of each PUT that was carried out; 201 is a creation."""
    return [one["status"] for one in azure.requests("PUT", pattern) if one["status"] < 300]


def test_a_worker_killed_while_it_deploys_makes_everything_once(
    site: RunningServer, places: Places, azure: AmlocalServer
) -> None:
    endpoint, blue = r"/onlineEndpoints/after-kills$", r"/onlineEndpoints/after-kills/deployments/blue$"
    for pattern in (endpoint, blue):
        azure.fault(method="PUT", path=pattern, count=1, delay=4)
    path = deploy(places, "after-kills")
    for step in ("ensure_endpoint", "create_deployment"):
        kill_during(site, places, path, step)
    assert ends(places.owner, path)["state"] == "succeeded"
    assert len([line for line in site.lines if f"{WORKER} ended (code -9); it starts again" in line]) >= 2
    assert puts(azure, endpoint).count(201) == 1
    assert puts(azure, blue) == [201]
    (deployment,) = places.owner.get(path)["deployments"]
    assert (deployment["state"], deployment["traffic"]) == ("ready", 100)


def test_a_worker_killed_while_it_submits_makes_one_job(
    site: RunningServer, places: Places, azure: AmlocalServer
) -> None:
    azure.fault(method="PUT", path=r"/jobs/[^/]+$", count=1, delay=4)
    path = submit(places, "After a kill")
    kill_during(site, places, path, "create_job")
    assert ends(places.owner, path)["state"] == "succeeded"
    name = places.owner.get(path)["name"]
    assert puts(azure, rf"/jobs/{re.escape(name)}$") == [201]
    wait_for(lambda: places.owner.get(path)["status"] == "Completed", 120, "the run did not complete")


@pytest.mark.browser
def test_the_queue_dies_three_times_while_somebody_clicks(site: RunningServer, owner: Page, places: Places) -> None:
    """No click is answered with a 500 (the fixture looks at every answer), and what was clicked gets done."""
    for turn in range(3):
        before = site.service("valkey")[0]
        site.kill_service("valkey")
        owner.goto(places.workspace)
        owner.get_by_role("button", name="Test connection").click()
        expect(owner.get_by_role("heading", level=1, name="local")).to_be_visible()
        for entry in ("Jobs", "Models", "Endpoints", "Operations"):
            walks.go(owner, entry)
        wait_for(lambda before=before: site.service("valkey")[0] != before, 60, "it is not started again")
        done = lambda: {row["state"] for row in places.owner.list("operations")} <= FINAL  # noqa: E731
        wait_for(done, 90, f"after death {turn + 1} an operation stays open")
    rows = places.owner.list("operations")
    assert [row["state"] for row in rows[:3]] == ["succeeded"] * 3


def test_the_site_ends_without_a_rest_and_finds_everything_again(site: RunningServer, places: Places) -> None:
    """SIGTERM, start, Ctrl-C, start: users, runs and versions are there, and the endpoint answers."""
    jobs = {row["id"] for row in places.owner.list("jobs")}
    for number in (signal.SIGTERM, signal.SIGINT):
        assert site.processes()
        assert site.stop(number) == 0
        assert site.processes() == []
        site.start()
        api = servers.sign_in(site)
        assert {row["id"] for row in api.list("jobs")} == jobs
        assert api.get(api_path(places.version))["state"] == "ready"
        answers(api, places)


def answers(api: ApiClient, places: Places, seconds: float = 60) -> None:
    """The endpoint's server is started again with the site, which takes its seconds."""
    sample = api.get(api_path(places.version))["samples"][0]
    files = {"image": [("digit.png", api.download(sample["url"]))]}
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with suppress(Problem):
            answer = api.upload(api_path(places.predict), {}, files)
            assert len(answer["top"]) >= 3
            return
        time.sleep(1)
    raise AssertionError("the endpoint does not answer any more")
