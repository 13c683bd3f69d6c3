"""One site for the clicking journeys, and a Chromium. They run in the order below; each file also runs alone."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.amlocal_server import SCORING_PYTHON
from tests.journeys import browsers, furnishing, walks
from tests.journeys.browsers import Watch
from tests.journeys.furnishing import Places
from tests.journeys.servers import RunningServer

# Those with a server of their own first, then the main job, which needs an empty site; what kills processes last.
ORDER = ("demo", "server", "main_job", "pages", "without_javascript", "people", "bad_input", "curl", "interruptions")
Visit = Callable[..., tuple[Page, Watch]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    mine = sorted(
        (items[place] for place in places), key=lambda item: ORDER.index(item.path.stem.removeprefix("test_"))
    )
    for place, item in zip(places, mine, strict=True):
        items[place] = item


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed journey tells what its pages showed, and keeps pictures in the folder PORTAL_PICTURES if given."""
    report = yield
    if report.when == "call" and report.failed:
        for number, page in enumerate(getattr(item, "pages", [])):
            report.sections.append((f"Page {number}: {page.url}", page.locator("body").inner_text()[:6000]))
            if folder := os.environ.get("PORTAL_PICTURES"):
                page.screenshot(path=f"{folder}/{item.name}-{number}.png", full_page=True, caret="initial")
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if browsers.program() is None:
        stop = pytest.fail if "chromium" in os.environ.get("PORTAL_REQUIRE", "") else pytest.skip
        stop(f"Chromium is not here; to enable: {browsers.ENABLE}")
    with browsers.running() as browser:
        yield browser


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A started site; empty when the first journey comes."""
    if not SCORING_PYTHON.exists():
        pytest.skip("The scoring environment is not here; to enable: script/setup")
    server = RunningServer(tmp_path_factory.mktemp("journey"), AMLOCAL_CONTROL="1")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="package")
def places(site: RunningServer) -> Places:
    """An owner, the local workspace, a completed run, a version, an endpoint that answers: what is missing is made."""
    return furnishing.furnish(site)


@pytest.fixture
def visit(request: pytest.FixtureRequest, chromium: Browser, site: RunningServer) -> Iterator[Visit]:
    """Makes browsers of people's own: ``visit(java_script_enabled=False)``. None of their pages may complain."""
    watches: list[Watch] = []
    request.node.pages = []
    with ExitStack() as opened:

        def open_one(**options: Any) -> tuple[Page, Watch]:
            page, watch = opened.enter_context(browsers.person(chromium, site.url, **options))
            request.node.pages.append(page)
            watches.append(watch)
            return page, watch

        yield open_one
    for watch in watches:
        watch.assert_quiet()


@pytest.fixture
def owner(visit: Visit, places: Places) -> Page:
    """The first owner's page, signed in, on a furnished site."""
    page, _watch = visit()
    walks.sign_in(page)
    return page
