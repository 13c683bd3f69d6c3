"""Predict over the API against a real HTTPS endpoint: viewers may ask, with a token for it; bad input says why."""

import json

import pytest

from ops.models import Endpoint, Operation, Sample
from scoring.models import Prediction
from tests.portal.api.conftest import SCORING_KEY, picture, png

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(script_of, bob):
    return script_of(bob, "predict")


def send(script, endpoint, **parts):
    response = script.post(f"/api/v1/predict/{endpoint.public_id}", parts)
    return response.status_code, response.json()


def test_a_viewer_sends_a_picture_and_gets_the_answer(viewer, endpoint, bob):
    status, answer = send(viewer, endpoint, **picture())
    assert (status, answer["top"], answer["deployment"]) == (200, [["1", 0.9], ["0", 0.1]], "blue")
    assert (answer["request_id"], answer["file_name"], answer["error"]) == ("r-1", "seven.png", None)
    assert answer["latency_ms"] > 0
    kept = Prediction.objects.get()
    assert (kept.public_id, kept.requested_by) == (answer["id"], bob)


def test_a_sample_is_sent_like_a_picture_and_to_a_deployment_by_name(viewer, endpoint, served):
    sample = Sample.objects.first()
    assert send(viewer, endpoint, sample=sample.public_id, deployment="blue")[0] == 200
    headers = served.requests[-1]["headers"]
    assert headers["Authorization"] == f"Bearer {SCORING_KEY}"
    assert headers["azureml-model-deployment"] == "blue"
    assert len(json.loads(served.requests[-1]["body"])["instances"][0]) == 28


def test_what_can_be_asked_is_listed_with_samples_and_latest_answers(viewer, endpoint, workspace):
    send(viewer, endpoint, **picture())
    listed = viewer.ask("GET", f"predict?workspace={workspace.public_id}&q=DIG")[1]["items"]
    assert [(one["id"], one["deployments"]) for one in listed] == [(endpoint.public_id, ["blue"])]
    shown = viewer.ask("GET", f"predict/{endpoint.public_id}")[1]
    assert sorted(sample["label"] for sample in shown["samples"]) == ["0", "1"]
    assert [answer["file_name"] for answer in shown["history"]] == ["seven.png"]
    assert viewer.ask("GET", "predict?q=nothing")[1]["items"] == []


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ({}, ["image"]),
        (picture(b""), ["image"]),
        (picture(b"hello, I am no image"), ["image"]),
        (picture(png()[:60]), ["image"]),
        ({"image": "text, not a file"}, ["image"]),
        ({"sample": "nobodys"}, ["image"]),
        ({"sample": "a\x00"}, ["sample", "image"]),
        ({"sample": "x" * 100_000}, ["image"]),
    ],
)
def test_an_input_that_is_none_is_told_and_nothing_is_sent(viewer, endpoint, served, parts, fields):
    for file in parts.values():
        getattr(file, "seek", lambda _start: None)(0)
    sent = len(served.requests)
    status, problem = send(viewer, endpoint, **parts)
    assert (status, problem["code"], list(problem["fields"])) == (422, "api:wrong_values", fields)
    assert all(problem["fields"].values())
    assert len(served.requests) == sent
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("name", ["green", "a\x00", "Ü"])
def test_there_is_no_other_deployment(viewer, endpoint, name):
    status, problem = send(viewer, endpoint, deployment=name, **picture())
    assert (status, list(problem["fields"])) == (422, ["deployment"])


def test_a_picture_over_the_limits_is_refused(viewer, endpoint, settings):
    settings.UPLOAD_IMAGE_BYTES = 50
    status, problem = send(viewer, endpoint, **picture())
    assert (status, list(problem["fields"])) == (422, ["image"])
    assert "larger than the limit" in problem["fields"]["image"][0]


def test_a_script_that_fails_is_the_endpoints_fault_in_its_own_words(viewer, endpoint, served):
    Endpoint.objects.update(scoring_uri=f"{served.url}/broken")
    status, problem = send(viewer, endpoint, **picture())
    assert status == 424
    assert "ValueError: no" in problem["detail"]
    history = viewer.ask("GET", f"predict/{endpoint.public_id}")[1]["history"]
    assert history[0]["error"]["code"] == problem["code"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scoring_uri": "https://127.0.0.1:9/score"}, "scoring:unreachable"),
        ({"key_encrypted": ""}, "predict:key_missing"),
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_a_refusal(viewer, endpoint, change, code):
    Endpoint.objects.update(**change)
    status, problem = send(viewer, endpoint, **picture())
    assert (status in (409, 424), problem["code"]) == (True, code)


def test_a_refused_key_is_fetched_again_and_the_failure_is_kept(viewer, endpoint, served):
    Endpoint.objects.update(scoring_uri=f"{served.url}/refusing")
    status, problem = send(viewer, endpoint, **picture())
    assert (status, problem["code"]) == (424, "scoring:key_refused")
    assert Operation.objects.about(endpoint).get().kind == Operation.Kind.RENEW_KEY
    assert Prediction.objects.get().error_code == "scoring:key_refused"
