"""What a person does on the pages, each a few clicks. Waits for what the page shows, never for a time to pass."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.journeys.servers import PASSWORD

OWNER, TEAM = "olivia", "Vision"
EPOCHS, BATCH, LIMIT = 5, 32, 1200
TRAIN_MS, DEPLOY_MS, OPERATION_MS = 120_000, 90_000, 45_000


def path_of(page: Page) -> str:
    return re.sub(r"^https?://[^/]+", "", page.url)


def set_up(page: Page, setup_path: str) -> None:
    """The one-time link makes the first owner, who is signed in by it."""
    page.goto(setup_path)
    page.get_by_label("Your user name").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("[name=password_again]").fill(PASSWORD)
    page.locator("[name=team]").fill(TEAM)
    page.get_by_role("button", name="Create owner and team").click()
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()


def sign_out(page: Page) -> None:
    page.locator("summary", has_text=re.compile(r"\w")).filter(has=page.locator(".avatar")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def sign_in(page: Page, name: str = OWNER, password: str = PASSWORD) -> None:
    page.goto("/sign-in/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def go(page: Page, entry: str) -> None:
    """By the left navigation."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=entry, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=entry)).to_be_visible()


def badge(page: Page) -> Locator:
    return page.locator("#badge")


def confirm(page: Page) -> None:
    """Yes, in the dialog that asks first."""
    page.locator("#ask-yes").click()


def register_workspace(page: Page) -> None:
    """The one click for the local Azure ML, until it is connected."""
    go(page, "Workspaces")
    page.get_by_role("link", name="Register workspace").first.click()
    page.get_by_role("button", name="Use the local Azure ML").click()
    expect(badge(page)).to_contain_text("Ready", timeout=OPERATION_MS)
    expect(page.get_by_role("cell", name="cpu-cluster")).to_be_visible(timeout=OPERATION_MS)


def queue(page: Page, name: str, epochs: int = EPOCHS, batch: int = BATCH, limit: int = LIMIT) -> None:
    """Fill in the recipe's form; ends on the run's page."""
    go(page, "Jobs")
    page.get_by_role("link", name="Queue a job").first.click()
    page.get_by_role("link", name="Handwritten digits").click()
    compute = page.get_by_label("Compute")
    if not compute.input_value():
        compute.select_option(label=re.compile("cpu-cluster"))
    page.locator("[name=display_name]").fill(name)
    page.get_by_label("Epochs").fill(str(epochs))
    page.get_by_label("Batch size").fill(str(batch))
    page.get_by_label("Training pictures at most").fill(str(limit))
    page.get_by_role("button", name="Queue the job").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def register_version(page: Page) -> None:
    """From the page of a completed run to the page of the ready version."""
    page.get_by_role("link", name=re.compile("^Register (model|again)")).click()
    page.get_by_role("button", name="Register").click()
    expect(badge(page)).to_contain_text("Ready", timeout=OPERATION_MS)


def deploy(page: Page, endpoint: str) -> None:
    """From the version's page to the endpoint's page with a ready deployment that gets all requests."""
    page.get_by_role("link", name="Deploy", exact=True).first.click()
    page.get_by_label("Name of the new endpoint").fill(endpoint)
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=endpoint)).to_be_visible()


def deployment(page: Page, name: str) -> Locator:
    """The card of one deployment on its endpoint's page."""
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=name, exact=True))


def png(data: bytes, name: str = "upload.png") -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def predicted(page: Page, ask: Callable[[], object], before: str = "") -> str:
    """The request id of the answer that comes after ``ask``, which must show top-k bars and a latency."""
    ask()
    answer = page.locator("#answer")
    request_id = answer.get_by_text("Request id").locator("xpath=following-sibling::dd[1]")
    expect(request_id).not_to_have_text(before or "…")
    expect(answer.locator(".verdict-label")).to_have_text(re.compile(r"^\d$"))
    expect(answer.locator("progress")).not_to_have_count(0)
    assert answer.locator("progress").count() >= 3
    expect(answer.locator(".card-actions")).to_contain_text(re.compile(r"\d ms"))
    return request_id.inner_text()


def reload_until(page: Page, is_so: Callable[[], bool], milliseconds: int) -> None:
    """What a person without JavaScript does."""
    give_up = time.monotonic() + milliseconds / 1000
    while not is_so():
        assert time.monotonic() < give_up, f"{page.url} did not get there"
        page.wait_for_timeout(500)
        page.reload()
