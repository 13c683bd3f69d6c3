"""A live page at human speed: what a person is using is still there, and still works, after several polls."""

import pytest
from django.utils import timezone
from PIL import Image

from ops.models import Endpoint, Operation, Run
from tests.portal import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Three polls of the slowest live page.
A_WHILE = 7000
POLLED = "() => window.polls >= 2"
COUNT = "window.polls = 0; document.addEventListener('htmx:afterSwap', () => window.polls++)"


@pytest.fixture
def run(workspace):
    return Run.objects.create(workspace=workspace, name="lenet", display_name="lenet", status="Running")


def open_live(visit, person, path):
    """The page after it has refreshed itself at least twice: it is live."""
    page = visit(person)
    page.goto(path)
    page.evaluate(COUNT)
    page.wait_for_function(POLLED)
    return page


def test_a_question_may_stay_open_and_its_answer_counts(visit, alice, run):
    page = open_live(visit, alice, f"/jobs/{run.public_id}/")
    page.get_by_role("button", name="Cancel job").click()
    page.wait_for_timeout(A_WHILE)
    page.get_by_role("dialog").get_by_role("button", name="Cancel job").click()
    page.get_by_role("button", name="Cancelling…").wait_for()
    assert Operation.objects.about(run).get().kind == Operation.Kind.CANCEL_RUN


def test_going_back_from_a_question_lets_the_page_go_on(visit, alice, run):
    page = open_live(visit, alice, f"/jobs/{run.public_id}/")
    page.get_by_role("button", name="Cancel job").click()
    page.wait_for_timeout(3000)
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    page.evaluate("window.polls = 0")
    page.wait_for_function(POLLED)
    assert not Operation.objects.about(run).exists()


def test_an_operation_is_cancelled_after_thinking_about_it(visit, alice, workspace):
    operation = factories.operation(workspace)
    page = open_live(visit, alice, f"/operations/{operation.public_id}/")
    page.get_by_role("button", name="Cancel").first.click()
    page.wait_for_timeout(A_WHILE)
    page.get_by_role("dialog").locator("#ask-yes").click()
    page.get_by_text("asked to cancel").first.wait_for()
    operation.refresh_from_db()
    assert operation.cancel_requested_by == alice


def test_a_menu_stays_open_and_its_entry_works(visit, alice, workspace):
    operation = factories.operation(workspace, target=workspace)
    page = open_live(visit, alice, f"/workspaces/{workspace.public_id}/")
    page.get_by_label("More actions").click()
    page.wait_for_timeout(A_WHILE)
    Operation.objects.filter(pk=operation.pk).update(finished_at=timezone.now(), state="succeeded")
    page.get_by_role("button", name="Unregister").click()
    page.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    page.wait_for_url("**/workspaces/")
    workspace.refresh_from_db()
    assert workspace.unregistered_at


def test_selected_text_stays_selected(visit, alice, run):
    page = open_live(visit, alice, f"/jobs/{run.public_id}/")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#live'))")
    before = page.evaluate("getSelection().toString()")
    page.wait_for_timeout(A_WHILE)
    assert before.strip()
    assert page.evaluate("getSelection().toString()") == before


def test_the_focus_is_where_it_was(visit, alice, run):
    page = open_live(visit, alice, "/jobs/")
    page.get_by_role("link", name="lenet").focus()
    page.evaluate("window.polls = 0")
    page.wait_for_function(POLLED)
    page.wait_for_function("() => document.activeElement.matches('a.row-name')")


def test_choosing_a_picture_shows_it_and_the_button_sends_it_once(visit, alice, workspace, tmp_path):
    endpoint = Endpoint.objects.create(workspace=workspace, name="digits", state="ready", scoring_uri="https://x/score")
    version = factories.version(workspace)
    factories.deployment(endpoint, "blue", 100, model_version=version)
    sample = factories.sample(version)
    picture = tmp_path / "seven.png"
    Image.new("L", (28, 28), 200).save(picture)
    page = visit(alice)
    sent = []
    page.on("request", lambda request: sent.append(request.post_data or "") if "/send/" in request.url else None)
    page.goto(f"/predict/{endpoint.public_id}/")
    page.set_input_files("input[type=file]", str(picture))
    page.locator("[data-preview]").wait_for()
    page.wait_for_timeout(1000)
    assert sent == []
    with page.expect_response("**/send/"):
        page.get_by_role("button", name="Predict").click()
    assert len(sent) == 1
    with page.expect_response("**/send/"):
        page.locator("[data-sample]").first.click()
    with page.expect_response("**/send/"):
        page.get_by_role("button", name="Predict").click()
    assert [sample.public_id in body for body in sent] == [False, True, True]
