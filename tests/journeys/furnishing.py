"""Brings a site to where most journeys begin, over HTTP as the demo does: people, workspace, run, version, endpoint."""

import time
from dataclasses import dataclass

from launch.demo import scenario
from launch.demo.api_client import ApiClient
from launch.demo.http_browser import Browser
from launch.demo.session import DemoSession
from tests.journeys import servers
from tests.journeys.servers import RunningServer


@dataclass(frozen=True)
class Places:
    """Paths of the pages, and the API with the owner's token."""

    owner: ApiClient
    workspace: str
    run: str
    model: str
    version: str
    endpoint: str

    @property
    def predict(self) -> str:
        return self.endpoint.replace("/endpoints/", "/predict/")

    @property
    def samples(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.owner.get(api_path(self.version))["samples"]
        return found


def furnish(server: RunningServer) -> Places:
    """What is there already is taken; what is missing is made."""
    api = servers.make_owner(server) if _is_empty(server) else servers.sign_in(server)
    session = DemoSession(api, time.monotonic())
    workspace = scenario.register_workspace(session)
    if not api.list("models"):
        scenario.register_version(session, scenario.train(session, workspace, 2, None))
    registered = api.list("models")[0]
    version = api.get(f"versions/{registered['newest']['id']}")
    endpoint, _name = scenario.deploy(session, version)
    run = api.get(f"jobs/{version['job']}")
    return Places(api, workspace["url"], run["url"], registered["url"], version["url"], endpoint["url"])


def api_path(page: str) -> str:
    """Return the API's path of the thing that a page shows: versions stand by themselves there."""
    return page.strip("/").removeprefix("models/") if "/versions/" in page else page.strip("/")


def _is_empty(server: RunningServer) -> bool:
    if not server.setup_path:
        return False
    return Browser(server.url).session.get(server.url + server.setup_path, timeout=20).status_code == 200
