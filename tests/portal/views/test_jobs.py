"""Jobs: queueing with the recipe's own questions, the live page, the log by offset, metrics, cancel and retry."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ops import recipes
from ops.models import LogChunk, LogFile, Operation, Run
from portal.queries import logs
from tests.portal import factories

QUEUE = "/jobs/new/mnist-keras/"
ANSWERS = {f"parameter_{name}": str(value) for name, value in factories.PARAMETERS.items()}


def url(name, run):
    return reverse(f"jobs:{name}", args=[run.public_id])


def api(name, run):
    """What the page's own scripts read."""
    return reverse(f"api-v1:jobs_{name}", args=[run.public_id])


@pytest.fixture
def answers(workspace):
    return ANSWERS | {"compute": f"{workspace.public_id}/cpu-cluster", "display_name": "first try"}


@pytest.fixture
def run(workspace, alice):
    return factories.run(workspace, by=alice, display_name="lenet")


def test_a_job_is_queued_from_the_recipes_own_questions(client_of, alice, answers):
    answer = client_of(alice).post(QUEUE, answers | {"parameter_epochs": "3"})
    run = Run.objects.get()
    assert (answer.status_code, answer.url) == (303, url("detail", run))
    assert run.parameters == factories.PARAMETERS | {"epochs": 3}
    assert (run.display_name, run.compute, run.requested_by) == ("first try", "cpu-cluster", alice)
    assert Operation.objects.about(run).get().kind == Operation.Kind.SUBMIT_RUN


def test_the_form_asks_each_parameter_with_its_default_and_limits(client_of, alice, workspace):
    page = client_of(alice).get(QUEUE).content.decode()
    assert f'value="{workspace.public_id}/cpu-cluster"' in page
    for parameter in recipes.get("mnist-keras").parameters:
        assert f'name="parameter_{parameter.name}" value="{parameter.default}"' in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameter_epochs": "0"}, "parameter_epochs"),
        ({"parameter_epochs": "1e99"}, "parameter_epochs"),
        ({"parameter_epochs": ""}, "parameter_epochs"),
        ({"parameter_learning_rate": "fast"}, "parameter_learning_rate"),
        ({"parameter_learning_rate": "nan"}, "parameter_learning_rate"),
        ({"compute": ""}, "compute"),
        ({"compute": "elsewhere/cpu-cluster"}, "compute"),
    ],
)
def test_a_wrong_answer_is_told_beside_its_field_and_nothing_typed_is_lost(client_of, alice, answers, change, field):
    page = client_of(alice).post(QUEUE, answers | change)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert 'value="first try"' in page.content.decode()
    assert not Run.objects.exists()


def test_htmx_gets_only_the_form_back_so_that_chosen_files_stay_on_the_page(client_of, alice, answers):
    page = client_of(alice).post(QUEUE, answers | {"parameter_epochs": "0"}, **factories.HTMX)
    assert page.status_code == 422
    assert "<html" not in page.content.decode()
    assert "hx-preserve" in page.content.decode()
    done = client_of(alice).post(QUEUE, answers, **factories.HTMX)
    assert done.headers["HX-Redirect"] == url("detail", Run.objects.get())


def test_several_input_files_are_kept_for_the_run(client_of, alice, answers):
    files = [SimpleUploadedFile(f"part-{number}.gz", b"x" * number) for number in (1, 2, 3)]
    client_of(alice).post(QUEUE, answers | {"input_data": files})
    kept = Run.objects.get().input_files.order_by("name")
    assert [(file.input_name, file.name, file.size) for file in kept] == [
        ("data", "part-1.gz", 1),
        ("data", "part-2.gz", 2),
        ("data", "part-3.gz", 3),
    ]


def test_an_empty_file_is_refused_beside_its_field(client_of, alice, answers):
    answer = client_of(alice).post(QUEUE, answers | {"input_data": SimpleUploadedFile("a.gz", b"")})
    assert list(answer.context["form"].errors) == ["input_data"]


def test_too_many_bytes_are_refused_beside_their_field(client_of, alice, answers, settings):
    settings.UPLOAD_INPUT_BYTES = 10
    answer = client_of(alice).post(QUEUE, answers | {"input_data": SimpleUploadedFile("a.gz", b"x" * 11)})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["input_data"]


def test_a_clone_starts_from_the_answers_of_the_run(client_of, alice, workspace):
    old = factories.run(
        workspace, "Failed", parameters=factories.PARAMETERS | {"epochs": 42}, display_name="the old one"
    )
    page = client_of(alice).get(f"{QUEUE}?from={old.public_id}").content.decode()
    assert 'name="parameter_epochs" value="42"' in page
    assert 'value="the old one"' in page


def test_nobody_queues_without_the_right_or_on_a_workspace_of_others(client_of, bob, charlie, answers):
    assert client_of(bob).get(QUEUE).status_code == 403
    assert client_of(bob).post(QUEUE, answers).status_code == 403
    assert list(client_of(charlie).post(QUEUE, answers).context["form"].errors) == ["compute"]
    assert client_of(bob).get("/jobs/new/").status_code == 403


def test_an_unknown_recipe_is_not_found(client_of, alice, workspace):
    assert client_of(alice).get("/jobs/new/no-such-recipe/").status_code == 404
    assert "mnist-keras" in client_of(alice).get("/jobs/new/").content.decode()


def test_without_a_ready_workspace_the_page_says_what_comes_first(client_of, alice):
    assert "/workspaces/register/" in client_of(alice).get("/jobs/new/").content.decode()


def test_members_see_the_job_and_strangers_find_nothing(client_of, alice, bob, charlie, run):
    for person in (alice, bob):
        assert "lenet" in client_of(person).get(url("detail", run)).content.decode()
    assert url("cancel", run) not in client_of(bob).get(url("detail", run)).content.decode()
    for path in (url("detail", run), url("log_file", run), api("log", run), api("metrics", run)):
        assert client_of(charlie).get(path).status_code == 404
    assert list(client_of(charlie).get(reverse("jobs:index")).context["rows"]) == []


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_only_operators_change_a_job(client_of, alice, bob, charlie, run, name):
    assert client_of(bob).post(url(name, run)).status_code == 403
    assert client_of(charlie).post(url(name, run)).status_code == 404
    assert client_of(alice).get(url(name, run)).url == url("detail", run)
    assert not Operation.objects.about(run).exists()


def test_cancelling_a_running_job_queues_it_and_a_finished_one_is_refused(client_of, alice, workspace, run):
    assert client_of(alice).post(url("cancel", run)).url == url("detail", run)
    assert Operation.objects.about(run).get().kind == Operation.Kind.CANCEL_RUN
    over = factories.run(workspace, "Completed")
    assert client_of(alice).post(url("cancel", over), **factories.HTMX).status_code == 409


def test_a_retry_is_a_new_run_linked_to_the_old_one(client_of, alice, workspace):
    failed = factories.run(workspace, "Failed", parameters=factories.PARAMETERS | {"epochs": 9})
    answer = client_of(alice).post(url("retry", failed))
    again = Run.objects.get(retry_of=failed)
    assert answer.url == url("detail", again)
    assert again.parameters["epochs"] == 9
    assert url("detail", failed) in client_of(alice).get(url("detail", again)).content.decode()


def test_the_timeline_is_drawn_from_the_changes_in_their_order_with_durations(client_of, alice, run):
    page = client_of(alice).get(url("detail", run)).content.decode()
    labels = re.findall(r'class="step-label">([^<]+)<', page)
    assert [label.strip() for label in labels] == ["Submitting", "Queued", "Running", "Finalizing", "Completed"]
    assert "3.0 s" in page


def test_a_status_we_do_not_know_is_shown_as_azure_wrote_it(client_of, alice, workspace):
    odd = factories.run(workspace, "Defragmenting")
    assert "Defragmenting" in client_of(alice).get(url("detail", odd)).content.decode()


def test_the_page_polls_while_the_job_runs_and_stops_when_it_is_over(client_of, alice, workspace, run):
    fragment = client_of(alice).get(url("detail", run), **factories.HTMX).content.decode()
    assert 'hx-trigger="every' in fragment
    assert "<html" not in fragment
    for beside in ("badge", "actions", "facts"):
        assert len(re.findall(f'id="{beside}"[^>]* hx-swap-oob="true"', fragment)) == 1
    over = factories.run(workspace, "Completed")
    assert "hx-trigger" not in client_of(alice).get(url("detail", over), **factories.HTMX).content.decode()


def test_a_failed_job_says_so_in_a_sentence_and_points_to_the_log(client_of, alice, workspace):
    failed = factories.run(
        workspace, "Failed", error_code="run:failed", error_params={"message": "ValueError: no data"}
    )
    factories.log(failed, "Traceback\nValueError: no data\n")
    page = client_of(alice).get(url("detail", failed)).content.decode()
    assert "ValueError: no data" in page
    assert 'href="#log"' in page


def test_a_completed_job_offers_to_register_its_model_and_shows_what_was_made(client_of, alice, bob, workspace):
    done = factories.run(workspace, "Completed")
    register = reverse("models:register", args=[done.public_id])
    assert register in client_of(alice).get(url("detail", done)).content.decode()
    assert register not in client_of(bob).get(url("detail", done)).content.decode()
    version = factories.version(workspace, run=done)
    factories.deployment(factories.endpoint(workspace), model_version=version)
    page = client_of(alice).get(url("detail", done)).content.decode()
    assert reverse("models:version", args=[version.public_id]) in page
    assert "digits-api / blue" in page


def test_a_job_made_outside_the_portal_has_a_page_without_our_buttons(client_of, alice, workspace):
    outside = factories.run(workspace, "Completed", spec={})
    page = client_of(alice).get(url("detail", outside)).content.decode()
    assert "made outside the portal" in page
    assert url("retry", outside) not in page


def test_the_log_goes_on_where_the_last_answer_ended_and_sends_nothing_twice(client_of, alice, run):
    text = "".join(f"línea {number}\n" for number in range(60_000))
    factories.log(run, text)
    client, got, offset, answers = client_of(alice), "", 0, 0
    while True:
        piece = client.get(api("log", run), {"offset": offset}).json()
        assert len(piece["text"].encode()) <= logs.ANSWER_BYTES
        if not piece["text"]:
            break
        got, offset, answers = got + piece["text"], piece["next_offset"], answers + 1
    assert got == text
    assert answers > 1
    assert (piece["offset"], piece["next_offset"], piece["size"]) == (offset, offset, len(text.encode()))


def test_a_log_of_fifty_megabytes_starts_near_its_end_in_one_bounded_answer(
    client_of, alice, run, django_assert_max_num_queries
):
    log_file = LogFile.objects.create(run=run, name="user_logs/std_log.txt", size=820 * 64_000)
    line = ("y" * 63 + "\n") * 1000
    LogChunk.objects.bulk_create(
        LogChunk(log_file=log_file, offset=number * 64_000, length=64_000, text=line) for number in range(820)
    )
    client = client_of(alice)
    with django_assert_max_num_queries(9):
        piece = client.get(api("log", run)).json()
    assert piece["size"] > 50_000_000
    assert piece["offset"] >= piece["size"] - logs.ANSWER_BYTES
    assert piece["next_offset"] == piece["size"]


def test_a_log_piece_may_begin_inside_a_chunk(client_of, alice, run):
    factories.log(run, "abcdefghij")
    assert client_of(alice).get(api("log", run), {"offset": 7}).json()["text"] == "hij"


@pytest.mark.parametrize("offset", ["-1", "x", "9" * 400, "1.5"])
def test_a_senseless_offset_is_told(client_of, alice, run, offset):
    factories.log(run, "abc")
    answer = client_of(alice).get(api("log", run), {"offset": offset})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["offset"])


def test_a_job_without_a_log_yet_answers_with_an_empty_one(client_of, alice, run):
    piece = client_of(alice).get(api("log", run)).json()
    assert (piece["text"], piece["size"], piece["is_final"]) == ("", 0, False)


def test_the_scripts_own_output_is_chosen_first_and_another_file_by_its_name(client_of, alice, run):
    factories.log(run, "build\n", name="azureml-logs/20_image_build_log.txt")
    factories.log(run, "script\n")
    client = client_of(alice)
    assert client.get(api("log", run)).json()["text"] == "script\n"
    assert client.get(api("log", run), {"file": "azureml-logs/20_image_build_log.txt"}).json()["text"] == "build\n"


def test_the_whole_log_is_streamed_as_a_download(client_of, alice, run):
    text = "zeile\n" * 50_000
    factories.log(run, text)
    answer = client_of(alice).get(url("log_file", run))
    assert answer.streaming
    assert b"".join(answer.streaming_content).decode() == text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert client_of(alice).get(url("log_file", run), {"file": "../../etc/passwd"}).status_code == 404


def test_metrics_are_points_of_step_value_and_time(client_of, alice, run):
    factories.metric(run, "val_accuracy", [0.5, None, 0.9])
    answer = client_of(alice).get(api("metrics", run)).json()
    (series,) = answer["series"]
    assert series["key"] == "val_accuracy"
    assert [point[:2] for point in series["points"]] == [[1, 0.5], [2, None], [3, 0.9]]
    assert answer["is_final"] is False


def test_the_list_shows_the_key_metric_and_narrows_by_the_url(client_of, alice, workspace, run):
    factories.metric(run, "val_accuracy", [0.5, 0.9123])
    factories.run(workspace, "Failed", display_name="other")
    client = client_of(alice)
    listed = client.get(reverse("jobs:index"), {"status": "Running"}).context["entries"]
    assert [entry.key_value for entry in listed] == [0.9123]
    assert "0.9123" in client.get(reverse("jobs:index")).content.decode()
    for sought, count in (("other", 1), ("OTHER", 1), ("mnist-lenet\nother", 0)):
        assert len(client.get(reverse("jobs:index"), {"q": sought}).context["entries"]) == count


def test_the_empty_list_names_the_one_next_step(client_of, alice, bob, workspace):
    assert 'href="/jobs/new/"' in client_of(alice).get(reverse("jobs:index")).content.decode()
    assert 'href="/jobs/new/"' not in client_of(bob).get(reverse("jobs:index")).content.decode()


def test_a_job_that_has_ended_while_its_log_is_still_read_shows_its_end_and_goes_on_reading(
    client_of, alice, workspace
):
    ended = factories.run(workspace, "Completed", is_final=False)
    page = client_of(alice).get(url("detail", ended)).content.decode()
    assert 'class="step step-now"' not in page
    assert url("cancel", ended) not in page
    assert 'hx-trigger="every' in page
    assert client_of(alice).get(api("log", ended)).json()["is_final"] is False


def test_without_a_compute_the_form_says_what_is_missing(client_of, alice, workspace):
    workspace.computes.all().delete()
    page = client_of(alice).get(QUEUE).content.decode()
    assert "No compute yet" in page


def test_a_job_being_cancelled_says_so_and_offers_no_second_cancel(client_of, alice, run):
    client_of(alice).post(url("cancel", run))
    page = client_of(alice).get(url("detail", run)).content.decode()
    assert "Cancelling…" in page
    assert url("cancel", run) not in page


def test_a_long_error_shows_its_last_line_and_folds_the_rest(client_of, alice, workspace):
    message = "Execution failed.\nWARNING: noise\nValueError: no data\n"
    failed = factories.run(workspace, "Failed", error_code="run:failed", error_params={"message": message})
    page = client_of(alice).get(url("detail", failed)).content.decode()
    assert '<p class="mono small">ValueError: no data</p>' in page
    assert "WARNING: noise" in page
