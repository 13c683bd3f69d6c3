"""The scripts of the pages in a real Chromium: no broken security rule, no console error, and each does its job."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts.models import Membership
from ops.models import LogChunk, LogFile, MetricPoint, MetricSeries, Run
from tests.journeys import browsers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": browsers.PHONE, "has_touch": True}


@pytest.fixture
def run(workspace):
    return Run.objects.create(workspace=workspace, name="lenet", display_name="lenet", status="Running")


def write_log(run, lines, first=1, name="user_logs/std_log.txt"):
    """Append that many numbered lines in chunks of at most 64 KB."""
    log_file, _made = LogFile.objects.get_or_create(run=run, name=name)
    pending = [f"line {number} ünï 数字 {'x' * (number % 50)}\n" for number in range(first, first + lines)]
    while pending:
        text, size = "", 0
        while pending and size + len(pending[0].encode()) <= 64 * 1024:
            text += pending[0]
            size += len(pending.pop(0).encode())
        LogChunk.objects.create(log_file=log_file, offset=log_file.size, length=size, text=text)
        log_file.size += size
    log_file.save()


def test_menus_theme_and_language(visit, alice):
    page = visit(alice)
    page.click("summary[aria-label=Theme]")
    page.keyboard.press("Escape")
    assert page.locator("details[open]").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Theme"
    page.click("summary[aria-label=Theme]")
    page.click("button[data-theme-choice=dark]")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.goto("/teams/", wait_until="commit")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.click("summary[aria-label=Language]")
    page.click("button[value=zh-hans]")
    page.wait_for_selector("html[lang=zh-hans]")


def test_the_drawer_on_a_phone_takes_the_focus_and_gives_it_back(visit, alice):
    page = visit(alice, **PHONE)
    assert not page.is_visible(".side-link")
    page.click(".drawer-open")
    page.wait_for_function("document.activeElement.matches('.side-link[aria-current]')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".side-link", state="hidden")
    assert page.evaluate("document.activeElement.matches('.drawer-open')")


def test_no_page_scrolls_sideways_on_a_phone(visit, olivia, alice, run, team):
    page = visit(olivia, **PHONE)
    for path in ("/", "/teams/", f"/teams/{team.public_id}/", "/jobs/", f"/jobs/{run.public_id}/", "/password/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_what_holds_nothing_takes_no_room(visit, alice):
    page = visit(alice)
    page.goto("/password/")
    for empty in (".head-actions", ".toasts"):
        assert page.locator(empty).evaluate("element => getComputedStyle(element).display") == "none"


def test_a_dangerous_form_is_asked_about_first(visit, olivia, bob, team):
    page = visit(olivia)
    page.goto(f"/teams/{team.public_id}/")
    row = page.locator("tr", has_text="Bob")
    for answer, is_left in (("#ask button[value=no]", True), ("#ask-yes", False)):
        row.locator("summary").click()
        row.locator(".is-danger").click()
        assert "will no longer see" in page.inner_text("#ask-sentence")
        page.click(answer)
        if not is_left:
            page.wait_for_selector("[data-toast]")
        assert Membership.objects.filter(user=bob, team=team).exists() is is_left


def test_a_page_without_script_still_signs_in_and_opens_the_drawer(chromium, live_server, alice):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, **PHONE)
    page = context.new_page()
    page.goto("/sign-in/")
    page.fill("#id_username", "alice")
    page.fill("#id_password", "Alice-long-password")
    page.click("main .btn-primary")
    page.click(".drawer-open")
    page.click("text=Teams")
    page.wait_for_url("**/teams/")
    context.close()


def test_the_log_follows_without_asking_for_a_byte_twice(visit, alice, run):
    write_log(run, 30)
    page = visit(alice)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/log?" in request.url else None)
    page.goto(f"/jobs/{run.public_id}/")
    page.wait_for_selector(".log-line >> text=line 30 ")
    for first in (31, 61):
        write_log(run, 30, first)
        page.wait_for_selector(f".log-line >> text=line {first + 29} ", timeout=3000)
    numbers = page.evaluate("[...document.querySelectorAll('.log-line')].map(line => line.textContent.split(' ')[1])")
    assert numbers == [str(number) for number in range(1, 91)]
    offsets = [int(parse_qs(urlsplit(url).query).get("offset", ["0"])[0]) for url in asked]
    assert offsets == sorted(offsets)
    assert len(set(offsets)) == 3


@pytest.mark.slow
def test_a_large_log_keeps_few_lines_in_the_page_and_joins_without_a_gap(visit, alice, run):
    write_log(run, 40_000)
    page = visit(alice)
    page.goto(f"/jobs/{run.public_id}/")
    page.wait_for_selector(".log-line >> text=line 40000 ")
    for _turn in range(60):
        page.evaluate("document.querySelector('[data-log-view]').scrollTop = 0")
        page.wait_for_timeout(60)
        if page.locator(".log-line[data-n='1']").count():
            break
    assert page.inner_text(".log-line[data-n='1']").startswith("line 1 ")
    for number in (1, 12_345, 39_999):
        page.evaluate("n => document.querySelector('[data-log-view]').scrollTop = (n - 3) * 20", number)
        line = page.wait_for_selector(f".log-line[data-n='{number}']")
        assert line.inner_text().startswith(f"line {number} ")
        assert page.locator(".log-line").count() < 1000
    page.fill("[data-log-search]", "line 777 ")
    page.wait_for_selector(".log-line.is-here >> text=line 777 ")


def test_charts_draw_group_and_show_their_table(visit, alice, run):
    for key in ("loss", "val_loss", "<b>odd</b>"):
        series = MetricSeries.objects.create(run=run, key=key, last_value=0.1, point_count=3, last_at=timezone.now())
        for step in range(3):
            at = timezone.now() + timedelta(seconds=step)
            MetricPoint.objects.create(series=series, position=step, step=step, value=1 / (step + 1), at=at)
    page = visit(alice)
    page.goto(f"/jobs/{run.public_id}/")
    page.wait_for_selector(".chart-canvas canvas")
    assert page.locator(".chart").count() == 2
    chart = page.locator(".chart", has_text="val_loss")
    chart.locator(".chart-canvas").hover()
    page.wait_for_selector(".chart-tip .tip-row")
    assert re.search(r"loss\s*0\.\d+", page.locator(".chart-tip").filter(has_text="val_loss").inner_text())
    chart.locator("summary").click()
    chart.locator("tbody tr >> nth=2").wait_for()
    assert chart.locator("tbody tr").count() == 3
    chart.locator("input[type=checkbox]").check()
    page.locator(".chart", has_text="odd").locator(".chart-canvas").hover()
    page.wait_for_selector(".tip-row >> text=<b>odd</b>")
