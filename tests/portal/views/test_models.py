"""Models: registering from a job, the version's page, files that are only ever downloads, thumbnails."""

import pytest
from django.urls import reverse

from ops.models import ModelVersion, Operation, RegisteredModel
from tests.portal import factories


@pytest.fixture
def done(workspace, alice):
    run = factories.run(workspace, "Completed", by=alice, display_name="lenet")
    factories.metric(run, "val_accuracy", [0.5, 0.9823])
    return run


@pytest.fixture
def version(workspace, done, alice):
    return factories.version(workspace, run=done, by=alice)


def register(run):
    return reverse("models:register", args=[run.public_id])


def page_of(version):
    return reverse("models:version", args=[version.public_id])


def test_a_version_is_registered_from_a_completed_job_under_the_suggested_name(client_of, alice, done):
    client = client_of(alice)
    suggested = client.get(register(done)).context["form"]["name"].value()
    assert suggested == "mnist-lenet"
    answer = client.post(register(done), {"name": suggested})
    version = ModelVersion.objects.get()
    assert (answer.status_code, answer.url) == (303, page_of(version))
    assert version.metrics == {"val_accuracy": 0.9823}
    assert Operation.objects.about(version).get().kind == Operation.Kind.REGISTER_VERSION


def test_while_it_registers_the_page_polls_and_shows_no_provisional_number(client_of, alice, done):
    client = client_of(alice)
    client.post(register(done), {"name": "mnist-lenet"})
    version = ModelVersion.objects.get()
    assert version.version not in client.get(page_of(version)).content.decode()
    assert "hx-trigger" in client.get(page_of(version), **factories.HTMX).content.decode()
    Operation.objects.update(state="succeeded", finished_at=version.created_at)
    ModelVersion.objects.update(state="ready", version="1")
    fragment = client.get(page_of(version), **factories.HTMX).content.decode()
    assert "hx-trigger" not in fragment
    assert "/endpoints/deploy/?version=" in fragment


@pytest.mark.parametrize("name", ["", "has spaces", "-dash-first", "x" * 300])
def test_a_bad_name_is_told_beside_its_field(client_of, alice, done, name):
    page = client_of(alice).post(register(done), {"name": name})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["name"]
    assert name in page.content.decode()


def test_a_job_that_still_runs_cannot_be_registered(client_of, alice, workspace):
    running = factories.run(workspace)
    page = client_of(alice).post(register(running), {"name": "typed-name"})
    assert page.status_code == 409
    assert "once the job is Completed" in str(page.context["form"].non_field_errors())
    assert "typed-name" in page.content.decode()


def test_a_name_that_is_being_registered_tells_who_is_busy(client_of, alice, olivia, workspace, done):
    client_of(olivia).post(register(done), {"name": "mnist-lenet"})
    page = client_of(alice).post(register(done), {"name": "mnist-lenet"})
    assert page.status_code == 409
    assert "Olivia" in str(page.context["form"].non_field_errors())
    assert ModelVersion.objects.count() == 1


def test_only_operators_register(client_of, bob, charlie, done):
    assert client_of(bob).post(register(done), {"name": "x"}).status_code == 403
    assert client_of(charlie).post(register(done), {"name": "x"}).status_code == 404
    assert not RegisteredModel.objects.exists()


def test_members_see_models_and_strangers_find_nothing(client_of, alice, bob, charlie, version):
    detail = reverse("models:detail", args=[version.registered_model.public_id])
    for person in (alice, bob):
        client = client_of(person)
        assert "mnist-lenet" in client.get(reverse("models:index")).content.decode()
        assert page_of(version) in client.get(detail).content.decode()
        assert "0.9823" in client.get(page_of(version)).content.decode()
    deploy = "/endpoints/deploy/"
    assert deploy in client_of(alice).get(detail).content.decode()
    assert deploy not in client_of(bob).get(detail).content.decode()
    assert deploy not in client_of(bob).get(page_of(version)).content.decode()
    kept, sample = factories.version_file(version), factories.sample(version)
    for hidden in (
        detail,
        page_of(version),
        reverse("models:file", args=[version.public_id, kept.path]),
        reverse("models:sample", args=[sample.public_id]),
    ):
        assert client_of(bob).get(hidden).status_code == 200
        assert client_of(charlie).get(hidden).status_code == 404
    assert list(client_of(charlie).get(reverse("models:index")).context["rows"]) == []


def test_pages_of_models_are_read_only(client_of, alice, version):
    for name in (reverse("models:index"), page_of(version)):
        assert client_of(alice).post(name).status_code == 405


def test_the_version_tells_its_metrics_lineage_and_where_it_serves(client_of, alice, workspace, done, version):
    factories.deployment(factories.endpoint(workspace), traffic=80, model_version=version)
    sample = factories.sample(version)
    page = client_of(alice).get(page_of(version)).content.decode()
    assert "0.9823" in page
    assert reverse("jobs:detail", args=[done.public_id]) in page
    assert "digits-api / blue" in page
    assert reverse("models:sample", args=[sample.public_id]) in page


def test_a_file_is_streamed_as_a_download_whatever_it_contains(client_of, alice, version):
    kept = factories.version_file(version, "evil/page.html", b"<script>alert(1)</script>")
    answer = client_of(alice).get(reverse("models:file", args=[version.public_id, kept.path]))
    assert answer.streaming
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mnist-lenet-1-page.html"'


@pytest.mark.parametrize("path", ["no-such-file", "../../keys/vault.keys", "%2e%2e/django.key"])
def test_a_file_that_the_version_does_not_have_is_not_found(client_of, alice, version, path):
    assert client_of(alice).get(f"{page_of(version)}files/{path}").status_code == 404


def test_a_file_whose_bytes_are_gone_is_not_found(client_of, alice, version):
    kept = factories.version_file(version)
    kept.file.storage.delete(kept.file.name)
    assert client_of(alice).get(reverse("models:file", args=[version.public_id, kept.path])).status_code == 404


def test_a_sample_is_a_picture_that_the_browser_may_keep_to_itself(client_of, alice, version):
    answer = client_of(alice).get(reverse("models:sample", args=[factories.sample(version).public_id]))
    assert answer.headers["Content-Type"] == "image/png"
    assert "private" in answer.headers["Cache-Control"]


def test_a_registration_that_failed_says_why(client_of, alice, workspace, done):
    failed = factories.version(workspace, number="new-abc", state="failed", run=done)
    factories.operation(
        workspace,
        kind=Operation.Kind.REGISTER_VERSION,
        state="failed",
        target=failed,
        error_code="azure:rejected",
        error_params={"message": "BadRequest: the path does not exist"},
    )
    assert "the path does not exist" in client_of(alice).get(page_of(failed)).content.decode()


def test_the_empty_list_names_the_one_next_step(client_of, alice):
    assert reverse("jobs:index") in client_of(alice).get(reverse("models:index")).content.decode()
