"""Every page in light and dark, wide and on a phone: nothing scrolls sideways, nothing complains."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import browsers, walks
from tests.journeys.conftest import Visit
from tests.journeys.furnishing import Places

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SIZES = {"desk": browsers.DESK, "tablet": {"width": 1024, "height": 768}, "phone": browsers.PHONE}
WIDER = "() => document.documentElement.scrollWidth - innerWidth"


def paths(places: Places) -> dict[str, str]:
    """Name → path of every page that a person opens."""
    api = places.owner
    version = places.version.rstrip("/").rpartition("/")[2]
    run = places.run.rstrip("/").rpartition("/")[2]
    fixed = ("jobs", "models", "endpoints", "predict", "workspaces", "operations", "teams")
    return {
        "home": "/",
        **{name: f"/{name}/" for name in fixed},
        "workspaces-register": "/workspaces/register/",
        "workspaces-detail": places.workspace,
        "jobs-create": "/jobs/new/",
        "jobs-queue": "/jobs/new/mnist-keras/",
        "jobs-detail": places.run,
        "models-detail": places.model,
        "models-version": places.version,
        "models-register": f"/models/register/{run}/",
        "endpoints-deploy": f"/endpoints/deploy/?version={version}",
        "endpoints-detail": places.endpoint,
        "endpoints-delete": f"{places.endpoint}delete/",
        "predict-show": places.predict,
        "operations-detail": api.list("operations")[0]["url"],
        "teams-members": api.get("teams")[0]["url"],
        "password": "/password/",
        "tokens": "/tokens/",
        "missing": "/models/no-such-thing/",
    }


# Two looks at every page with each run; all six with script/test --all and in CI.
ALWAYS = {("desk", "light"), ("phone", "dark")}
LOOKS = [
    pytest.param(size, scheme, marks=() if (size, scheme) in ALWAYS else pytest.mark.extended, id=f"{size}-{scheme}")
    for size in SIZES
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_no_page_scrolls_sideways(visit: Visit, places: Places, size: str, scheme: str) -> None:
    page, watch = visit(viewport=SIZES[size], color_scheme=scheme, has_touch=size == "phone")
    walks.sign_in(page)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    too_wide = {}
    for name, path in paths(places).items():
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        settle(page, name)
        if (extra := page.evaluate(WIDER)) > 0:
            too_wide[name] = extra
        keep_picture(page, f"{name}-{size}-{scheme}")
    # The browser itself logs the one page that is not there.
    watch.errors = [error for error in watch.errors if "status of 404" not in error]
    assert not too_wide


def settle(page: Page, name: str) -> None:
    """Charts and logs are drawn before the page is measured; Predict gets an answer."""
    if name == "jobs-detail":
        expect(page.locator("[data-chart] canvas").first).to_be_visible()
        expect(page.locator(".log-line").first).to_be_visible()
    if name == "predict-show":
        walks.predicted(page, page.locator("[data-sample]").first.click)
    page.wait_for_load_state("networkidle")


def keep_picture(page: Page, name: str) -> None:
    """For the eyes, in the folder PORTAL_PICTURES when it is given."""
    if folder := os.environ.get("PORTAL_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, caret="initial")


def test_the_menu_is_a_drawer_on_a_phone(visit: Visit, places: Places) -> None:
    page, _watch = visit(viewport=browsers.PHONE, has_touch=True)
    walks.sign_in(page)
    links = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Endpoints")
    expect(links).not_to_be_in_viewport()
    page.get_by_role("link", name="Open the menu").tap()
    expect(links).to_be_in_viewport()
    keep_picture(page, "drawer-phone")
    page.keyboard.press("Escape")
    expect(links).not_to_be_in_viewport()
    page.get_by_role("link", name="Open the menu").tap()
    links.tap()
    expect(page.get_by_role("heading", level=1, name="Endpoints")).to_be_visible()


def test_a_chosen_theme_stays(visit: Visit, places: Places) -> None:
    page, _watch = visit(color_scheme="light")
    walks.sign_in(page)
    page.get_by_label("Theme").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    walks.go(page, "Jobs")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gate_fits_a_phone(visit: Visit, places: Places, scheme: str) -> None:
    page, _watch = visit(viewport=browsers.PHONE, color_scheme=scheme)
    page.goto("/sign-in/")
    assert page.evaluate(WIDER) <= 0
    keep_picture(page, f"sign-in-phone-{scheme}")
    page.set_viewport_size(browsers.DESK)
    keep_picture(page, f"sign-in-desk-{scheme}")
