"""A form that is sent twice makes one thing; one that was changed in between makes another."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import ApiToken, IdempotentRequest
from ops.models import Run
from tests.portal import factories

pytestmark = pytest.mark.django_db
QUEUE = "/jobs/new/mnist-keras/"


@pytest.fixture
def answers(workspace):
    asked = {f"parameter_{name}": str(value) for name, value in factories.PARAMETERS.items()}
    return asked | {"compute": f"{workspace.public_id}/cpu-cluster", "display_name": "first", "once": "a-key"}


def test_the_second_sending_leads_to_the_first_ones_job(client_of, alice, answers):
    client = client_of(alice)
    first, second = client.post(QUEUE, answers), client.post(QUEUE, answers)
    assert (second.status_code, second.url) == (303, first.url)
    assert client.post(QUEUE, answers, **factories.HTMX).headers["HX-Redirect"] == first.url
    assert Run.objects.count() == 1


def test_a_form_that_was_changed_or_opened_anew_is_another(client_of, alice, answers):
    client = client_of(alice)
    client.post(QUEUE, answers)
    client.post(QUEUE, answers | {"display_name": "second"})
    client.post(QUEUE, answers | {"once": "another-key"})
    assert Run.objects.count() == 3


def test_files_count_by_their_content(client_of, alice, answers):
    client = client_of(alice)
    for content in (b"one", b"one", b"two"):
        client.post(QUEUE, answers | {"input_data": SimpleUploadedFile("a.bin", content)})
    assert Run.objects.count() == 2
    for run in Run.objects.all():
        assert run.input_files.get().file.read() in (b"one", b"two")


def test_what_was_refused_may_be_sent_again(client_of, alice, answers, workspace):
    client = client_of(alice)
    workspace.computes.update(gone_at=timezone.now())
    assert client.post(QUEUE, answers).status_code == 422
    workspace.computes.update(gone_at=None)
    assert client.post(QUEUE, answers).status_code == 303


def test_anothers_key_is_anothers(client_of, alice, olivia, answers):
    client_of(alice).post(QUEUE, answers)
    client_of(olivia).post(QUEUE, answers)
    assert Run.objects.count() == 2


def test_what_is_shown_once_is_not_kept(client_of, alice):
    given = {"name": "nightly", "scope": "read", "once": "a-key"}
    client = client_of(alice)
    secret = client.post("/tokens/new/", given).context["secret"]
    again = client.post("/tokens/new/", given)
    assert (again.status_code, again.url) == (303, "/tokens/")
    assert "The form was sent twice" in client.get("/tokens/").content.decode()
    assert ApiToken.objects.count() == 1
    assert secret not in str(IdempotentRequest.objects.values().get())


def test_a_day_later_it_is_forgotten(client_of, alice, answers):
    client = client_of(alice)
    client.post(QUEUE, answers)
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    client.post(QUEUE, answers)
    assert Run.objects.count() == 2


@pytest.mark.parametrize("path", [QUEUE, "/workspaces/register/", "/tokens/"])
def test_a_form_that_makes_something_carries_a_key_of_its_own(client_of, alice, workspace, path):
    client = client_of(alice)
    pages = [client.get(path).content.decode() for _ in range(2)]
    keys = [text.partition('name="once" value="')[2][:36] for text in pages]
    assert len(keys[0]) == 36
    assert keys[0] != keys[1]
