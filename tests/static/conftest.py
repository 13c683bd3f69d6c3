"""A real Chromium that looks at pages of a live server of Django's."""

import os

import pytest

from tests.journeys import browsers


@pytest.fixture(scope="module")
def chromium():
    if browsers.program() is None:
        missing = pytest.fail if "chromium" in os.environ.get("PORTAL_REQUIRE", "") else pytest.skip
        missing(f"Chromium is not here; to enable: {browsers.ENABLE}")
    with browsers.running() as browser:
        yield browser


@pytest.fixture
def visit(chromium, live_server):
    """A page signed in as that person, which must have nothing to complain about in the end."""
    opened = []

    def open_page(person, **options):
        manager = browsers.person(chromium, live_server.url, **options)
        page, watch = manager.__enter__()
        opened.append((manager, watch))
        page.goto("/sign-in/")
        page.fill("#id_username", person.username)
        page.fill("#id_password", f"{person.first_name}-long-password")
        page.click("main .btn-primary")
        page.wait_for_selector(".side", state="attached")
        return page

    yield open_page
    for manager, _watch in opened:
        manager.__exit__(None, None, None)
    for _manager, watch in opened:
        watch.assert_quiet()
