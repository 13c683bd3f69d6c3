"""The same pages with JavaScript switched off: htmx only shortens what plain forms can do."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import walks
from tests.journeys.conftest import Visit
from tests.journeys.furnishing import Places

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def plain(visit: Visit, places: Places) -> Page:
    page, _watch = visit(java_script_enabled=False)
    walks.sign_in(page)
    return page


def test_signing_in_and_a_wrong_password(visit: Visit, places: Places) -> None:
    page, _watch = visit(java_script_enabled=False)
    walks.sign_in(page, password="not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("User name")).to_have_value(walks.OWNER)
    walks.sign_in(page)
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()


def test_a_refused_queue_form_keeps_what_was_typed(plain: Page) -> None:
    plain.goto("/jobs/new/mnist-keras/")
    plain.locator("[name=display_name]").fill("Kept name")
    plain.get_by_label("Epochs").fill("1000")
    plain.get_by_label("Batch size").fill("17")
    plain.get_by_role("button", name="Queue the job").click()
    expect(plain.locator(".form-error")).to_contain_text("100")
    expect(plain.locator("[name=display_name]")).to_have_value("Kept name")
    expect(plain.get_by_label("Epochs")).to_have_value("1000")
    expect(plain.get_by_label("Batch size")).to_have_value("17")


def test_a_job_is_queued_and_cancelled(plain: Page) -> None:
    walks.queue(plain, "Plain job", epochs=100)
    job = plain.url
    walks.reload_until(plain, lambda: "Running" in walks.badge(plain).inner_text(), walks.TRAIN_MS)
    plain.get_by_role("button", name="Cancel job").click()
    assert plain.url == job
    walks.reload_until(plain, lambda: "Cancel" in walks.badge(plain).inner_text(), walks.OPERATION_MS)
    walks.reload_until(plain, lambda: "Canceled" in walks.badge(plain).inner_text(), walks.OPERATION_MS)


def test_a_run_shows_its_last_metrics_and_its_log_is_downloaded(plain: Page, places: Places) -> None:
    plain.goto(places.run)
    row = plain.get_by_role("row").filter(has_text=re.compile(r"^\s*val_accuracy"))
    expect(row).to_be_visible()
    with plain.expect_download() as download:
        plain.get_by_role("link", name="Download").click()
    assert "epoch 1/" in download.value.path().read_text()


def test_a_sample_and_an_upload_are_answered(plain: Page, places: Places) -> None:
    plain.goto(places.predict)
    first = walks.predicted(plain, plain.locator("[data-sample]").first.click)
    picture = places.owner.download(places.samples[0]["url"])
    plain.set_input_files("input[name=image]", walks.png(picture))
    walks.predicted(plain, plain.get_by_role("button", name="Predict", exact=True).click, before=first)


def test_the_menu_opens_on_a_phone(visit: Visit, places: Places) -> None:
    page, _watch = visit(java_script_enabled=False, viewport={"width": 390, "height": 844})
    walks.sign_in(page)
    page.get_by_role("link", name="Open the menu").click()
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Jobs")
    expect(link).to_be_in_viewport()
    link.click()
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()


def test_a_language_can_be_chosen(plain: Page) -> None:
    plain.get_by_label("Language").click()
    plain.get_by_role("button", name="简体中文").click()
    expect(plain.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(plain.get_by_role("heading", level=1)).not_to_have_text("Home")
