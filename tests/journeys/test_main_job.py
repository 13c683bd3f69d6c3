"""The whole main job by clicking, on a site that was empty: from the set-up link to a deleted endpoint."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import browsers, walks
from tests.journeys.conftest import Visit
from tests.journeys.servers import RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
ENDPOINT = "journey-digits"


def test_the_whole_main_job_works_by_clicking(visit: Visit, site: RunningServer) -> None:
    page, _watch = visit()
    walks.set_up(page, site.setup_path)
    the_link_is_spent(page, site)
    walks.sign_out(page)
    walks.sign_in(page)
    walks.register_workspace(page)
    the_connection_is_tested_again(page)
    walks.queue(page, "First digits")
    the_run_is_followed_live(page)
    walks.register_version(page)
    expect(page.locator(".figure-card.is-main")).to_contain_text("val_accuracy")
    walks.deploy(page, ENDPOINT)
    endpoint = walks.path_of(page)
    the_deployment_becomes_ready(page, "blue", 100)
    two_pictures_are_answered(page)
    page.goto(endpoint)
    all_traffic_goes_to_a_second_deployment(page)
    everything_is_among_the_operations(page)
    page.goto(endpoint)
    the_endpoint_is_deleted_by_its_typed_name(page)


def the_link_is_spent(page: Page, site: RunningServer) -> None:
    assert page.context.request.get(site.setup_path).status == 404


def the_connection_is_tested_again(page: Page) -> None:
    page.get_by_role("button", name="Test connection").click()
    done = page.locator("ul.brief li")
    expect(done).to_have_count(2)
    expect(done.first).to_contain_text("Succeeded", timeout=walks.OPERATION_MS)
    expect(walks.badge(page)).to_contain_text("Ready")


def the_run_is_followed_live(page: Page) -> None:
    """Status, log lines and the first point come by themselves; the point before the third epoch ends."""
    timeline = page.get_by_label("Status").locator(".step-label")
    expect(timeline.filter(has_text="Running")).to_be_visible(timeout=walks.TRAIN_MS)
    lines = page.locator(".log-line")
    expect(lines.filter(has_text="data: scikit-learn digits")).to_be_visible(timeout=walks.TRAIN_MS)
    before = lines.count()
    expect(page.locator("[data-chart] canvas").first).to_be_visible(timeout=walks.TRAIN_MS)
    seen_at = time.time()
    expect(lines.filter(has_text=f"epoch {walks.EPOCHS}/")).to_be_visible(timeout=walks.TRAIN_MS)
    assert lines.count() > before
    expect(walks.badge(page)).to_contain_text("Completed", timeout=walks.TRAIN_MS)
    expect(timeline.last).to_contain_text("Completed")
    series = browsers.read(page.context, f"{walks.path_of(page).strip('/')}/metrics")["series"]
    points = next(line["points"] for line in series if line["key"] == "val_accuracy")
    assert [point[0] for point in points] == list(range(1, walks.EPOCHS + 1))
    assert seen_at * 1000 < points[2][2], "the first point was on the page only after the third epoch's end"
    the_chart_has_a_table(page, points[-1][1])


def the_chart_has_a_table(page: Page, last_value: float) -> None:
    """The canvas is painted, and the table beneath it shows each epoch, the newest first."""
    chart = page.locator("figure.chart").filter(has=page.get_by_role("heading", name="accuracy"))
    painted = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
    assert chart.locator("canvas").first.evaluate(painted)
    chart.get_by_text("Table").click()
    expect(chart.locator("tbody tr")).to_have_count(walks.EPOCHS)
    column = chart.locator("thead th").all_inner_texts().index("val_accuracy")
    shown = float(chart.locator("tbody tr").first.locator("td, th").nth(column).inner_text())
    assert abs(shown - last_value) < 1e-3


def the_deployment_becomes_ready(page: Page, name: str, share: int) -> None:
    card = walks.deployment(page, name)
    expect(card).to_contain_text("Ready", timeout=walks.DEPLOY_MS)
    expect(card.locator(".deployment-share")).to_contain_text(f"{share}", timeout=walks.OPERATION_MS)
    expect(walks.badge(page)).to_contain_text("Ready", timeout=walks.OPERATION_MS)
    expect(page.locator("#operation-title")).to_have_count(0, timeout=walks.OPERATION_MS)


def two_pictures_are_answered(page: Page) -> None:
    """One of the held-back samples by a click, then the same picture as an uploaded file."""
    page.locator(".head-actions").get_by_role("link", name="Predict").click()
    thumb = page.locator("[data-sample]").first
    picture = page.context.request.get(str(thumb.locator("img").get_attribute("src"))).body()
    first = walks.predicted(page, thumb.click)
    page.set_input_files("input[name=image]", walks.png(picture))
    walks.predicted(page, page.get_by_role("button", name="Predict", exact=True).click, before=first)
    expect(page.locator("[data-preview]")).to_be_visible()


def all_traffic_goes_to_a_second_deployment(page: Page) -> None:
    page.get_by_role("link", name="Add deployment").click()
    version = page.get_by_label("Model version")
    if not version.input_value():
        version.select_option(index=1)
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=ENDPOINT)).to_be_visible()
    the_deployment_becomes_ready(page, "green", 0)
    walks.deployment(page, "green").get_by_role("button", name="Send all traffic here").click()
    walks.confirm(page)
    the_deployment_becomes_ready(page, "green", 100)
    the_deployment_becomes_ready(page, "blue", 0)


def everything_is_among_the_operations(page: Page) -> None:
    walks.go(page, "Operations")
    rows = page.locator("table.rows tbody tr")
    expect(rows).to_have_count(7)
    expect(rows.filter(has_text="Succeeded")).to_have_count(7)


def the_endpoint_is_deleted_by_its_typed_name(page: Page) -> None:
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Delete endpoint…").click()
    page.get_by_label("Name of the endpoint").fill("something-else")
    page.get_by_role("button", name="Delete the endpoint").click()
    expect(page.locator(".form-error")).to_be_visible()
    page.get_by_label("Name of the endpoint").fill(ENDPOINT)
    page.get_by_role("button", name="Delete the endpoint").click()
    expect(walks.badge(page)).to_contain_text("Succeeded", timeout=walks.DEPLOY_MS)
    walks.go(page, "Endpoints")
    expect(page.get_by_role("link", name=ENDPOINT)).to_have_count(0)
