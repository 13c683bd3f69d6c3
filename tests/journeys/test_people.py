"""An owner adds a viewer, who reads and predicts but changes nothing; a stranger sees nothing."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import servers, walks
from tests.journeys.conftest import Visit
from tests.journeys.furnishing import Places

pytestmark = [pytest.mark.slow, pytest.mark.browser]
CHANGES = re.compile(
    r"^(Register|Queue|Deploy|Add deployment|Send all|Delete|Cancel|Retry|Run again|Clone|Test connection|Unregister|"
    r"More actions|Add to the team|Change the split|New team)"
)
OWN = "a viewer's own words 9"


@pytest.fixture
def newcomer(owner: Page, visit: Visit):
    """Makes a person through the team's page: adds them with a role, then they choose their own password."""

    def make(name: str, role: str) -> Page:
        owner.goto("/teams/")
        owner.get_by_role("link", name=walks.TEAM).last.click()
        owner.get_by_label("User name").fill(name)
        owner.get_by_label("Role").select_option(label=role)
        owner.get_by_role("button", name="Add to the team").click()
        one_time = owner.locator("#one-time").inner_text()
        page, _watch = visit()
        walks.sign_in(page, name, one_time)
        expect(page.get_by_role("heading", level=1, name="Change password")).to_be_visible()
        page.goto("/jobs/")
        expect(page.get_by_role("heading", level=1, name="Change password")).to_be_visible()
        for field, words in (("old_password", one_time), ("new_password1", OWN), ("new_password2", OWN)):
            page.locator(f"[name={field}]").fill(words)
        page.get_by_role("button", name="Change password").click()
        expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
        return page

    return make


def test_a_viewer_reads_and_predicts_but_changes_nothing(newcomer, places: Places) -> None:
    viewer = newcomer("bob", "Viewer")
    for path in (places.workspace, places.run, places.model, places.version, places.endpoint):
        nothing_to_change(viewer, path)
    for path in ("/", "/workspaces/", "/jobs/", "/models/", "/endpoints/", "/operations/", "/teams/"):
        nothing_to_change(viewer, path)
    viewer.goto(places.predict)
    walks.predicted(viewer, viewer.locator("[data-sample]").first.click)
    for path in ("test/", "unregister/"):
        assert post(viewer, places.workspace + path) == 403
    for path in (f"{places.run}retry/", f"{places.endpoint}traffic/", f"{places.endpoint}delete/"):
        assert post(viewer, path) == 403
    for path in ("/jobs/new/mnist-keras/", "/workspaces/register/", "/endpoints/deploy/"):
        assert post(viewer, path) == 403


def nothing_to_change(page: Page, path: str) -> None:
    page.goto(path)
    shown = page.locator("main").locator("a.btn, button, summary, .menu-item")
    names = [
        (each.get_attribute("aria-label") or each.inner_text()).strip() for each in shown.all() if each.is_visible()
    ]
    assert not [name for name in names if CHANGES.match(name)], f"{path} offers {names}"


def post(page: Page, path: str) -> int:
    """The status of a form posted by hand, with the page's own CSRF token."""
    token = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken']")
    headers = {
        "X-CSRFToken": token,
        "Referer": page.url,
        "Origin": page.url.split("/", 3)[0] + "//" + page.url.split("/")[2],
    }
    return page.context.request.post(path, headers=headers, max_redirects=0).status


def test_a_stranger_gets_the_page_of_nothing_here(newcomer, owner: Page, visit: Visit, places: Places) -> None:
    stranger = newcomer("charlie", "Operator")
    owner.get_by_label("What to do with charlie").click()
    owner.get_by_role("button", name="Remove from the team").click()
    walks.confirm(owner)
    expect(owner.get_by_label("What to do with charlie")).to_have_count(0)
    for path in (places.workspace, places.run, places.model, places.version, places.endpoint, places.predict):
        assert stranger.context.request.get(path).status == 404
        assert post(stranger, path) in (404, 405)
    sample = places.samples[0]["url"]
    assert stranger.context.request.get(sample).status == 404
    for path in ("/workspaces/", "/jobs/", "/models/", "/endpoints/", "/predict/", "/operations/"):
        stranger.goto(path)
        expect(stranger.locator("table.rows tbody tr")).to_have_count(0)


def test_nobody_gets_in_without_signing_in(visit: Visit, places: Places) -> None:
    page, _watch = visit()
    page.goto(places.run)
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    page.get_by_label("User name").fill(walks.OWNER)
    page.get_by_label("Password").fill(servers.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(re.escape(places.run)))
