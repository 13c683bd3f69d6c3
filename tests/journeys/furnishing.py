"""Brings a site to where most journeys begin, over HTTP as the demo does: people, workspace, run, version, endpoint."""

import time
from dataclasses import dataclass

from launch.demo import scenario
from launch.demo.http_browser import Browser
from launch.demo.session import DemoSession
from tests.journeys import servers
from tests.journeys.servers import RunningServer


@dataclass(frozen=True)
class Places:
    """Paths of the pages, and the owner's browser for the pages' JSON form."""

    owner: Browser
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
        found: list[dict[str, str]] = self.owner.read(self.version)["model_version"]["samples"]
        return found


def furnish(server: RunningServer) -> Places:
    """What is there already is taken; what is missing is made."""
    browser = servers.make_owner(server) if _is_empty(server) else servers.sign_in(server)
    session = DemoSession(browser, time.monotonic())
    workspace = scenario.register_workspace(session)
    if not browser.read("/models/")["rows"]:
        scenario.register_version(session, scenario.train(session, workspace, 2, None))
    registered = browser.read("/models/")["rows"][0]
    version = browser.read(registered["newest"][0]["url"])["model_version"]
    endpoint, _name = scenario.deploy(session, version)
    run = browser.read(f"/jobs/{version['run']['id']}/")["run"]
    return Places(browser, workspace["url"], run["url"], registered["url"], version["url"], endpoint["url"])


def _is_empty(server: RunningServer) -> bool:
    if not server.setup_path:
        return False
    return Browser(server.url).session.get(server.url + server.setup_path, timeout=20).status_code == 200
