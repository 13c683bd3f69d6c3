"""A second kind needs its module, its template and its row in KINDS, and nothing else: it answers on Predict too."""

import copy
import json
import re
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ops import vault
from ops.models import Deployment, Endpoint, ModelVersion, RegisteredModel, Sample
from scoring import kinds
from scoring.models import Prediction
from scoring.services import predictions
from tests.scoring import https_server
from tests.scoring.https_server import answering
from tests.scoring.scenarios import numbers

pytestmark = pytest.mark.django_db
SPEC = {"kind": "numbers", "count": 3, "unit": "kWh"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    behaviours = {"/score": answering(200, b'{"values": [6.25]}'), "/odd": answering(200, b'{"values": []}')}
    with https_server.endpoint(tmp_path_factory.mktemp("tls"), behaviours) as running:
        yield running


@pytest.fixture(autouse=True)
def registered(monkeypatch, settings):
    """The registration, and the folder where the second kind's template lies."""
    monkeypatch.setitem(kinds.KINDS, "numbers", numbers)
    engines = copy.deepcopy(settings.TEMPLATES)
    engines[0]["DIRS"] = [*engines[0]["DIRS"], Path(__file__).with_name("templates")]
    settings.TEMPLATES = engines


@pytest.fixture
def endpoint(workspace, served, settings, tmp_path):
    settings.CA_BUNDLE = str(served.ca_file)
    settings.MEDIA_ROOT = tmp_path
    predictions._client.cache_clear()
    model = RegisteredModel.objects.create(workspace=workspace, name="meter")
    version = ModelVersion.objects.create(registered_model=model, version="1", state="ready", spec=SPEC)
    endpoint = Endpoint.objects.create(
        workspace=workspace,
        name="meters",
        state="ready",
        scoring_uri=f"{served.url}/score",
        key_encrypted=vault.encrypt("a-key"),
    )
    Deployment.objects.create(endpoint=endpoint, name="blue", state="ready", traffic=100, model_version=version)
    Sample.objects.create(model_version=version, label="6.2 kWh", file=ContentFile(b"[1, 2, 4]", name="first.json"))
    yield endpoint
    predictions._client.cache_clear()


def url(endpoint, view="send"):
    return reverse(f"predict:{view}", args=[endpoint.public_id])


def test_the_service_sends_prepares_and_keeps_it(endpoint, alice, served):
    outcome = predictions.create(endpoint=endpoint, by=alice, data=b"[1, 2.5, 3]")
    assert json.loads(served.requests[-1]["body"]) == {"rows": [[1, 2.5, 3]]}
    assert outcome.details == {"count": 3, "largest": 3}
    assert Prediction.objects.get().top == [["6.2 kWh", None]]


def test_the_pages_invite_and_take_its_input(endpoint, bob, client_of):
    client = client_of(bob)
    listed = client.get(reverse("predict:index")).content.decode()
    assert "Give it numbers" in listed
    assert "Give it an image" not in listed
    page = client.get(url(endpoint, "show")).content.decode()
    assert '<textarea name="numbers"' in page
    assert '<span class="list">a list</span>' in page
    assert "data-drop" not in page


def test_the_page_shows_its_answer_and_its_history(endpoint, bob, client_of):
    page = client_of(bob).post(url(endpoint), {"numbers": "[1, 2, 4]"}).content.decode()
    assert '<p class="number">6.2 kWh of 3, largest 4</p>' in page
    assert re.search(r'<span class="row-name">\s*6.2 kWh\s*</span>', page)
    fragment = client_of(bob).post(url(endpoint), {"numbers": "[1, 2, 4]"}, headers={"hx-request": "true"})
    assert "6.2 kWh of 3" in fragment.content.decode()


def test_a_sample_and_a_file_are_sent_too(endpoint, bob, client_of, served):
    sample = Sample.objects.get()
    answer = client_of(bob).post(url(endpoint), {"sample": sample.public_id})
    assert answer.context["outcome"].prediction.top == [["6.2 kWh", None]]
    assert json.loads(served.requests[-1]["body"]) == {"rows": [[1, 2, 4]]}
    assert Prediction.objects.get().file_name == "6.2 kWh.json"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("[1, 2]", "This is not a list of 3 numbers."), ("", "No numbers were sent. Type some.")],
)
def test_what_it_refuses_is_said_in_its_words_and_not_sent(endpoint, bob, client_of, served, given, sentence):
    sent = len(served.requests)
    answer = client_of(bob).post(url(endpoint), {"numbers": given})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"numbers": [sentence]}
    assert sentence in answer.content.decode()
    assert len(served.requests) == sent


def test_an_answer_it_cannot_read_is_kept_as_a_failure(endpoint, bob, client_of, served):
    Endpoint.objects.update(scoring_uri=f"{served.url}/odd")
    answer = client_of(bob).post(url(endpoint), {"numbers": "[1, 2, 4]"})
    assert answer.context["problem"].code == "scoring:answer_unreadable"
    assert Prediction.objects.get().error_code == "scoring:answer_unreadable"


def test_a_deployment_of_another_kind_takes_its_own_input(endpoint, bob, client_of, workspace):
    """The named deployment decides which form is read, whatever takes the traffic."""
    model = RegisteredModel.objects.create(workspace=workspace, name="images")
    version = ModelVersion.objects.create(registered_model=model, version="1", state="ready", spec={"labels": ["a"]})
    Deployment.objects.create(endpoint=endpoint, name="green", state="ready", traffic=0, model_version=version)
    upload = {"deployment": "green", "image": SimpleUploadedFile("a.png", b"")}
    assert client_of(bob).post(url(endpoint), upload).context["problem"].code == "scoring:spec_unreadable"
    typed = {"deployment": "blue", "numbers": "[1, 2, 4]"}
    assert client_of(bob).post(url(endpoint), typed).status_code == 200


def test_the_version_page_draws_its_samples(endpoint, bob, client_of):
    version = ModelVersion.objects.get()
    page = client_of(bob).get(reverse("models:version", args=[version.public_id])).content.decode()
    assert '<span class="list">a list</span>' in page


def test_a_kind_that_is_not_registered_is_said(endpoint, bob, client_of):
    ModelVersion.objects.update(spec={"kind": "sounds"})
    assert client_of(bob).get(url(endpoint, "show")).status_code == 200
    upload = {"image": SimpleUploadedFile("a.png", b"x")}
    answer = client_of(bob).post(url(endpoint), upload)
    assert answer.status_code == 409
    assert answer.context["problem"].code == "scoring:kind_unknown"
    assert "sounds" in answer.context["problem"].sentence
