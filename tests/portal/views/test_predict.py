"""Predict against a real HTTPS endpoint on loopback: every member may, strangers see nothing, bad input says why."""

import contextlib
import io
import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from ops import vault
from ops.models import Deployment, Endpoint, ModelVersion, Operation, RegisteredModel, Sample
from scoring import decoder_pool
from scoring.models import Prediction
from scoring.services import predictions
from tests.scoring import https_server
from tests.scoring.https_server import answering
from tests.scoring.support import png_of_zeros

pytestmark = pytest.mark.django_db
KEY = "a-scoring-key-nobody-may-see"
SPEC = {
    "format": "pixels/v1",
    "file": "model.keras",
    "width": 28,
    "height": 28,
    "channels": 1,
    "color": "grayscale",
    "inverted": True,
    "labels": [str(digit) for digit in range(10)],
}
SURE = json.dumps({"predictions": [[0.01] * 7 + [0.91, 0.01, 0.01]], "labels": SPEC["labels"]}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    behaviours = {
        "/score": answering(200, SURE, x_request_id="r-1", azureml_model_deployment="blue"),
        "/refusing": answering(401),
        "/broken": answering(424, b'{"message": "ValueError: no"}'),
        "/throttling": answering(429, b"", Retry_After="7"),
    }
    with https_server.endpoint(tmp_path_factory.mktemp("tls"), behaviours) as running:
        yield running


@pytest.fixture
def endpoint(workspace, served, settings, tmp_path):
    settings.CA_BUNDLE = str(served.ca_file)
    settings.MEDIA_ROOT = tmp_path
    predictions._client.cache_clear()
    registered = RegisteredModel.objects.create(workspace=workspace, name="lenet")
    version = ModelVersion.objects.create(registered_model=registered, version="1", state="ready", spec=SPEC)
    endpoint = Endpoint.objects.create(
        workspace=workspace,
        name="digits",
        state="ready",
        scoring_uri=f"{served.url}/score",
        key_encrypted=vault.encrypt(KEY),
    )
    Deployment.objects.create(endpoint=endpoint, name="blue", state="ready", traffic=100, model_version=version)
    for label in "0123":
        Sample.objects.create(model_version=version, label=label, file=ContentFile(png(), name=f"{label}.png"))
    yield endpoint
    predictions._client.cache_clear()


def png(picture=None) -> bytes:
    kept = io.BytesIO()
    (picture or Image.linear_gradient("L").resize((28, 28))).save(kept, "PNG")
    return kept.getvalue()


def upload(content=None, name="seven.png"):
    return {"image": SimpleUploadedFile(name, png() if content is None else content, "image/png")}


def url(endpoint, view="send"):
    return reverse(f"predict:{view}", args=[endpoint.public_id])


def test_a_viewer_uploads_and_reads_the_answer(endpoint, bob, client_of):
    client_of(bob).post(url(endpoint), upload())
    kept = Prediction.objects.get()
    assert kept.top[0] == ["7", 0.91]
    assert (kept.deployment, kept.request_id) == ("blue", "r-1")
    assert kept.latency_ms > 0
    assert (kept.requested_by, kept.file_name, kept.error_code) == (bob, "seven.png", "")


def test_the_page_shows_the_answer_and_both_pictures(endpoint, alice, client_of):
    page = client_of(alice).post(url(endpoint), upload()).content.decode()
    assert 'class="verdict-label">7<' in page
    assert page.count("data:image/png;base64,") == 2
    assert "seven.png" in page
    assert KEY not in page


def test_a_blank_picture_is_answered_and_marked_before_the_answer(endpoint, bob, client_of):
    blank = png(Image.new("RGBA", (40, 40), (255, 0, 0, 0)))
    page = client_of(bob).post(url(endpoint), upload(blank)).content.decode()
    assert page.index("The picture is blank: ") < page.index('class="verdict-label">7<')
    assert Prediction.objects.get().notes == [["image_blank", {}]]
    assert 'class="tag" title="The picture is blank: ' in page  # in the history


def test_the_mark_is_in_the_reader_s_language(endpoint, bob, client_of):
    blank = png(Image.new("L", (28, 28), 255))
    page = client_of(bob).post(url(endpoint), upload(blank), headers={"accept-language": "zh-hans"}).content.decode()
    assert "图片是空白的" in page
    assert "The picture is blank" not in page


def test_the_api_marks_a_blank_picture_too(endpoint, bob, client_of):
    client, blank = client_of(bob), png(Image.new("L", (28, 28), 255))
    address = reverse("api-v1:predict_send", args=[endpoint.public_id])
    answer = client.post(address, upload(blank)).json()
    assert [note["code"] for note in answer["notes"]] == ["scoring:image_blank"]
    assert answer["notes"][0]["title"] == "The picture is blank"
    chinese = client.post(address, upload(blank), headers={"accept-language": "zh-hans"}).json()
    assert chinese["notes"][0]["title"] == "图片是空白的"
    assert client.post(address, upload()).json()["notes"] == []


def test_a_deep_picture_that_uses_few_values_is_stretched_and_it_is_said(endpoint, bob, client_of, served):
    levels = Image.frombytes("I;16", (2, 1), bytes([0, 0, 255, 15])).resize((28, 28), Image.Resampling.NEAREST)
    page = client_of(bob).post(url(endpoint), upload(png(levels))).content.decode()
    assert "its values 0 to 4095 now go from black to white" in page
    assert max(value[0] for row in json.loads(served.requests[-1]["body"])["instances"][0] for value in row) == 255


def test_an_ordinary_picture_has_no_notes(endpoint, bob, client_of):
    assert "note-warn" not in client_of(bob).post(url(endpoint), upload()).content.decode()


def test_a_picture_that_costs_too_much_is_a_sentence_in_both(endpoint, bob, client_of, served):
    sent, bomb = len(served.requests), png_of_zeros(1, 1_000_000)
    page = client_of(bob).post(url(endpoint), upload(bomb))
    assert page.status_code == 422
    assert "one side is more than 100 times as long as the other" in page.content.decode()
    answer = client_of(bob).post(reverse("api-v1:predict_send", args=[endpoint.public_id]), upload(bomb))
    assert answer.status_code == 422
    assert "1000000" in answer.json()["fields"]["image"][0]
    assert len(served.requests) == sent


def test_too_many_pictures_at_once_are_told_to_come_back(endpoint, bob, client_of, monkeypatch):
    monkeypatch.setattr(decoder_pool, "WAIT_SECONDS", 0.05)
    with contextlib.ExitStack() as taken:
        for _ in range(decoder_pool.POOL.size):
            taken.enter_context(decoder_pool.POOL._turn(0))
        answer = client_of(bob).post(url(endpoint), upload())
    assert answer.status_code == 409
    assert "Try again in a few seconds" in answer.content.decode()
    assert not Prediction.objects.exists()


def test_htmx_gets_the_answer_alone(endpoint, alice, client_of):
    page = client_of(alice).post(url(endpoint), upload(), headers={"hx-request": "true"}).content.decode()
    assert page.lstrip().startswith("<section")
    assert "verdict-label" in page


def test_a_sample_is_sent_like_an_upload(endpoint, bob, client_of, served):
    sample = Sample.objects.first()
    answer = client_of(bob).post(url(endpoint), {"sample": sample.public_id})
    assert answer.status_code == 200
    assert served.requests[-1]["headers"]["Authorization"] == f"Bearer {KEY}"
    assert len(json.loads(served.requests[-1]["body"])["instances"][0]) == 28


def test_three_samples_are_offered(endpoint, bob, client_of):
    page = client_of(bob).get(url(endpoint, "show")).content.decode()
    assert page.count("data-sample") == 3


@pytest.mark.parametrize("view", ["show", "send"])
def test_a_stranger_sees_nothing(endpoint, charlie, client_of, view):
    client = client_of(charlie)
    answer = client.get(url(endpoint, view)) if view == "show" else client.post(url(endpoint, view), upload())
    assert answer.status_code == 404
    assert not Prediction.objects.exists()
    assert "digits" not in client.get(reverse("predict:index")).content.decode()


def test_the_wrong_method_is_refused(endpoint, alice, client_of):
    assert client_of(alice).get(url(endpoint)).url == url(endpoint, "show")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"hello, I am no image", "not an image"), (png()[:60], "damaged")],
)
def test_an_upload_that_is_no_picture_is_told_so_and_nothing_is_sent(endpoint, bob, client_of, served, content, words):
    sent = len(served.requests)
    answer = client_of(bob).post(url(endpoint), upload(content))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert len(served.requests) == sent
    assert not Prediction.objects.exists()


def test_a_file_or_a_picture_over_the_limits_is_refused(endpoint, bob, client_of, settings):
    settings.UPLOAD_IMAGE_BYTES = 50
    assert "larger than the limit" in client_of(bob).post(url(endpoint), upload()).content.decode()
    settings.UPLOAD_IMAGE_BYTES, settings.UPLOAD_IMAGE_PIXELS = 10_000_000, 100
    assert "pixels" in client_of(bob).post(url(endpoint), upload()).content.decode()


def test_no_image_and_no_sample_is_told_so(endpoint, bob, client_of):
    answer = client_of(bob).post(url(endpoint), {"sample": "somebody-elses"})
    assert answer.status_code == 422
    assert "No image was sent" in answer.content.decode()


def test_a_refused_key_is_fetched_again_and_the_failure_is_kept(endpoint, served, bob, client_of):
    Endpoint.objects.update(scoring_uri=f"{served.url}/refusing")
    answer = client_of(bob).post(url(endpoint), upload())
    assert answer.status_code == 409
    assert answer.context["problem"].code == "scoring:key_refused"
    assert Operation.objects.about(endpoint).get().kind == Operation.Kind.RENEW_KEY
    assert Prediction.objects.get().error_code == "scoring:key_refused"


def test_a_failing_script_is_shown_in_its_own_words(endpoint, served, bob, client_of):
    Endpoint.objects.update(scoring_uri=f"{served.url}/broken")
    assert "ValueError: no" in client_of(bob).post(url(endpoint), upload()).content.decode()


def test_an_endpoint_that_is_gone_is_a_sentence(endpoint, bob, client_of):
    Endpoint.objects.update(scoring_uri="https://127.0.0.1:9/score")
    answer = client_of(bob).post(url(endpoint), upload())
    assert answer.status_code == 409
    assert "No connection to the endpoint" in answer.content.decode()


def test_a_missing_key_is_asked_for(endpoint, bob, client_of):
    Endpoint.objects.update(key_encrypted="")
    answer = client_of(bob).post(url(endpoint), upload())
    assert answer.context["problem"].code == "predict:key_missing"
    assert Operation.objects.filter(kind=Operation.Kind.RENEW_KEY).count() == 1


def test_nothing_to_ask_says_what_to_do_next(bob, client_of):
    page = client_of(bob).get(reverse("predict:index")).content.decode()
    assert "No endpoint to ask yet" in page


@pytest.mark.parametrize("count", [10, 200])
def test_the_list_costs_the_same_for_many_endpoints(workspace, alice, client_of, count, django_assert_max_num_queries):
    Endpoint.objects.bulk_create(
        Endpoint(workspace=workspace, name=f"e-{number}", scoring_uri="https://x/score") for number in range(count)
    )
    client = client_of(alice)
    with django_assert_max_num_queries(9):
        assert client.get(reverse("predict:index")).status_code == 200
