"""Jobs over the API: queued by the recipe's rules, followed by ETag, cancelled and repeated; each refusal says why."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ops.models import InputFile, Operation, Run
from tests.portal import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted(workspace):
    return {"recipe": "mnist-keras", "workspace": workspace.public_id, "compute": "cpu-cluster"}


@pytest.fixture
def run(workspace, alice):
    run = factories.run(workspace, "Completed", by=alice, display_name="lenet")
    factories.metric(run, "val_accuracy", [0.5, None, 0.98])
    factories.log(run, "epoch 1\nepoch 2\n")
    return run


def upload(script, wanted, **parts):
    response = script.post("/api/v1/jobs/upload", {"job": json.dumps(wanted), **parts})
    return response.status_code, response.json()


def test_a_job_is_queued_with_the_recipes_defaults(script, wanted, alice):
    status, operation = script.ask("POST", "jobs", wanted | {"display_name": "first", "parameters": {"epochs": 3}})
    run = Run.objects.get()
    assert (status, operation["kind"], operation["state"]) == (202, "submit_run", "queued")
    assert operation["target"]["id"] == run.public_id
    assert run.parameters == factories.PARAMETERS | {"epochs": 3, "train_limit": run.parameters["train_limit"]}
    assert (run.display_name, run.compute, run.requested_by) == ("first", "cpu-cluster", alice)
    assert Operation.objects.about(run).get().public_id == operation["id"]


def test_files_come_as_parts_of_a_form(script, wanted):
    files = [SimpleUploadedFile(name, b"12345") for name in ("images.gz", "labels.gz")]
    status, operation = upload(script, wanted, input_data=files)
    assert (status, operation["kind"]) == (202, "submit_run")
    assert sorted(InputFile.objects.values_list("input_name", "name", "size")) == [
        ("data", "images.gz", 5),
        ("data", "labels.gz", 5),
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipe": "nothing"}, "recipe"),
        ({"recipe": "../mnist-keras"}, "recipe"),
        ({"recipe": "a\x00b"}, "recipe"),
        ({"recipe": 7}, "recipe"),
        ({"workspace": "nobodys"}, "workspace"),
        ({"compute": "nowhere"}, "compute"),
        ({"display_name": "x" * 256}, "display_name"),
        ({"display_name": "x\x00"}, "display_name"),
        ({"parameters": {"epochs": 0}}, "parameters.epochs"),
        ({"parameters": {"epochs": "many"}}, "parameters.epochs"),
        ({"parameters": {"learning_rate": "nan"}}, "parameters.learning_rate"),
        ({"parameters": {"learning_rate": [0.1]}}, "parameters.learning_rate"),
        ({"parameters": {"epoch": 3}}, "parameters.epoch"),
        ({"parameters": {"x\x00": 3}}, "parameters"),
        ({"parameters": 3}, "parameters"),
    ],
)
def test_a_wrong_value_is_named_as_the_request_names_it_and_nothing_is_queued(script, wanted, change, field):
    for status, problem in (script.ask("POST", "jobs", wanted | change), upload(script, wanted | change)):
        assert (status, problem["code"]) == (422, "api:wrong_values")
        assert list(problem["fields"]) == [field]
        assert all(problem["fields"].values())
    assert not Run.objects.exists()
    assert not Operation.objects.exists()


def test_a_workspace_of_others_is_no_workspace(script_of, charlie, wanted):
    status, problem = script_of(charlie).ask("POST", "jobs", wanted)
    assert (status, list(problem["fields"])) == (422, ["workspace"])


@pytest.mark.parametrize("part", ["input_nothing", "data", "job2"])
def test_a_file_that_the_recipe_does_not_ask_for_is_told_and_not_dropped(script, wanted, part):
    status, problem = upload(script, wanted, **{part: SimpleUploadedFile("x.gz", b"x")})
    assert (status, list(problem["fields"])) == (422, [part])


def test_too_many_bytes_are_told_by_the_name_of_their_part(script, wanted, settings):
    settings.UPLOAD_INPUT_BYTES = 3
    status, problem = upload(script, wanted, input_data=SimpleUploadedFile("x.gz", b"1234"))
    assert (status, problem["code"], list(problem["fields"])) == (422, "run:inputs_too_large", ["input_data"])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"recipe": }', "\x00", "[" * 100_000])
def test_a_part_job_that_is_no_job_is_told(script, text):
    response = script.post("/api/v1/jobs/upload", {"job": text})
    assert (response.status_code, response.json()["code"]) == (422, "api:wrong_values")


def test_one_reads_a_job_with_all_its_parts(script, run, workspace):
    version = factories.version(workspace, run=run)
    job = script.ask("GET", f"jobs/{run.public_id}")[1]
    assert (job["id"], job["status"], job["is_final"], job["recipe"]) == (
        run.public_id,
        "Completed",
        True,
        "mnist-keras",
    )
    assert job["metrics"] == {"val_accuracy": {"value": 0.98, "step": 3, "points": 3}}
    assert [change["status"] for change in job["status_changes"]][-1] == "Completed"
    assert job["log_files"] == [{"name": "user_logs/std_log.txt", "size": 16}]
    assert [made["id"] for made in job["model_versions"]] == [version.public_id]
    assert job["duration_seconds"] == pytest.approx(40, abs=1)
    assert job["operation"] is None


def test_a_failed_job_says_why(script, workspace):
    run = factories.run(workspace, "Failed", error_code="azure:unreachable")
    error = script.ask("GET", f"jobs/{run.public_id}")[1]["error"]
    assert error["code"] == "azure:unreachable"
    assert error["title"]


def test_the_list_has_the_filters_of_the_page(script, run, workspace):
    other = factories.run(workspace, "Running", experiment="other")
    for query, found in {
        "": [other, run],
        "status=Running": [other],
        "experiment=mnist-lenet": [run],
        "q=LENET": [run],
        "recipe=mnist-keras": [other, run],
        "recipe=nothing": [],
        f"workspace={workspace.public_id}&status=Completed": [run],
        "workspace=nobodys": [],
        "purpose=evaluation": [],
    }.items():
        page = script.ask("GET", f"jobs?{query}")[1]
        assert [item["id"] for item in page["items"]] == [row.public_id for row in found], query


def test_the_list_has_the_main_metric_only(script, run):
    factories.metric(run, "loss", [0.1])
    assert list(script.ask("GET", "jobs")[1]["items"][0]["metrics"]) == ["val_accuracy"]


def test_the_log_is_read_in_pieces_and_as_a_whole(script, run):
    piece = script.ask("GET", f"jobs/{run.public_id}/log?offset=8")[1]
    assert (piece["text"], piece["offset"], piece["next_offset"], piece["is_final"]) == ("epoch 2\n", 8, 16, True)
    assert script.ask("GET", f"jobs/{run.public_id}/log?offset=16")[1]["text"] == ""
    assert script.ask("GET", f"jobs/{run.public_id}/log?file=nothing")[1]["file"] == ""
    whole = script.get(f"/api/v1/jobs/{run.public_id}/log/download")
    assert whole.getvalue() == b"epoch 1\nepoch 2\n"
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert script.ask("GET", f"jobs/{run.public_id}/log/download?file=nothing")[0] == 404
    assert script.ask("GET", f"jobs/{run.public_id}/log?offset=-1")[1]["fields"].keys() == {"offset"}


def test_a_value_that_is_no_number_is_null_in_the_history(script, run):
    series = script.ask("GET", f"jobs/{run.public_id}/metrics")[1]["series"]
    assert [(point[0], point[1]) for point in series[0]["points"]] == [(1, 0.5), (2, None), (3, 0.98)]


@pytest.mark.parametrize("route", ["", "/log", "/metrics"])
def test_what_did_not_change_is_not_sent_again_even_of_a_running_job(script, workspace, route):
    run = factories.run(workspace, "Running")
    log, series = factories.log(run, "one\n"), factories.metric(run, "loss", [1.0])
    address = f"/api/v1/jobs/{run.public_id}{route}"
    first = script.get(address)
    again = script.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    log.chunks.create(offset=4, length=4, text="two\n")
    log.size = 8
    log.save()
    series.points.create(position=1, step=2, value=0.5, at=run.created_at)
    assert script.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_job_is_cancelled_once(script, workspace, run):
    running = factories.run(workspace, "Running")
    status, operation = script.ask("POST", f"jobs/{running.public_id}/cancel")
    assert (status, operation["kind"]) == (202, "cancel_run")
    assert Operation.objects.about(running).get().public_id == operation["id"]
    for asked, code in ((running, "operation:busy"), (run, "run:already_over")):
        status, problem = script.ask("POST", f"jobs/{asked.public_id}/cancel")
        assert (status, problem["code"]) == (409, code)
        assert problem["sentence"]
        assert problem["fields"] == {}


def test_a_job_is_repeated_when_it_is_over(script, workspace, run):
    status, operation = script.ask("POST", f"jobs/{run.public_id}/retry")
    again = Run.objects.get(public_id=operation["target"]["id"])
    assert (status, again.retry_of, again.spec) == (202, run, run.spec)
    status, problem = script.ask("POST", f"jobs/{factories.run(workspace).public_id}/retry")
    assert (status, problem["code"]) == (409, "run:still_running")
