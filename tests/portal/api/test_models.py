"""Registered models over the API: registered from a job, read with their files and samples, and downloaded."""

import pytest

from ops.models import ModelVersion, Operation
from tests.portal import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def run(workspace):
    return factories.run(workspace, "Completed")


@pytest.fixture
def version(workspace, run):
    return factories.version(workspace, run=run)


@pytest.mark.parametrize(("given", "name"), [({}, "mnist-lenet"), ({"name": "digits"}, "digits")])
def test_a_version_is_registered_from_a_job(script, run, alice, given, name):
    status, operation = script.ask("POST", "versions", {"job": run.public_id} | given)
    version = ModelVersion.objects.get()
    assert (status, operation["kind"], operation["target"]["id"]) == (202, "register_version", version.public_id)
    assert (version.registered_model.name, version.run, version.requested_by) == (name, run, alice)
    assert Operation.objects.about(version).get().public_id == operation["id"]


@pytest.mark.parametrize(
    ("given", "status", "code", "fields"),
    [
        ({"name": "no spaces"}, 422, "version:bad_name", ["name"]),
        ({"name": "-x"}, 422, "version:bad_name", ["name"]),
        ({"name": "x" * 256}, 422, "api:wrong_values", ["name"]),
        ({"job": None}, 422, "api:wrong_values", ["job"]),
        ({"job": "k\x00"}, 422, "api:wrong_values", ["job"]),
        ({"job": "nothing"}, 404, "http:404", []),
    ],
)
def test_a_wrong_value_registers_nothing(script, run, given, status, code, fields):
    answered, problem = script.ask("POST", "versions", {"job": run.public_id} | given)
    assert (answered, problem["code"], list(problem["fields"])) == (status, code, fields)
    assert not ModelVersion.objects.exists()


def test_a_running_job_has_no_model_yet(script, workspace):
    status, problem = script.ask("POST", "versions", {"job": factories.run(workspace).public_id})
    assert (status, problem["code"]) == (409, "version:run_not_completed")


def test_the_list_has_the_newest_version_of_each_model(script, workspace, version, run):
    newest = factories.version(workspace, number="2", run=run)
    factories.version(workspace, name="other")
    page = script.ask("GET", "models?q=LENET")[1]
    assert [(item["name"], item["newest"]["id"]) for item in page["items"]] == [("mnist-lenet", newest.public_id)]
    assert page["items"][0]["newest"]["job"] == run.public_id
    assert len(script.ask("GET", f"models?workspace={workspace.public_id}")[1]["items"]) == 2
    one = script.ask("GET", f"models/{page['items'][0]['id']}")[1]
    assert one == page["items"][0]
    versions = script.ask("GET", f"models/{one['id']}/versions")[1]["items"]
    assert [item["version"] for item in versions] == ["2", "1"]


def test_a_version_is_read_with_files_and_samples_and_all_can_be_downloaded(script, version):
    file = factories.version_file(version, path="data/model é.json", content=b'{"a": 1}')
    sample = factories.sample(version, label="7")
    address = f"/api/v1/versions/{version.public_id}"
    first = script.get(address)
    document = first.json()
    assert document["spec"]["format"] == "pixels/v1"
    assert [(one["path"], one["size"]) for one in document["files"]] == [(file.path, 8)]
    assert [(one["id"], one["label"]) for one in document["samples"]] == [(sample.public_id, "7")]
    assert script.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    download = script.get(document["files"][0]["url"])
    assert (download.getvalue(), download.headers["Content-Type"]) == (b'{"a": 1}', "application/octet-stream")
    assert download.headers["Content-Disposition"].startswith("attachment")
    picture = script.get(document["samples"][0]["url"])
    assert (picture.getvalue()[:4], picture.headers["Content-Type"]) == (b"\x89PNG", "image/png")


@pytest.mark.parametrize("path", ["nothing.json", "../../../etc/passwd", "a%00b", "%F0"])
def test_only_files_of_the_version_can_be_downloaded(script, version, path):
    factories.version_file(version)
    assert script.ask("GET", f"versions/{version.public_id}/files/{path}")[0] == 404


def test_a_file_that_is_gone_from_the_disk_is_a_404(script, version):
    file, sample = factories.version_file(version), factories.sample(version)
    for row in (file, sample):
        row.file.storage.delete(row.file.name)
    assert script.ask("GET", f"versions/{version.public_id}/files/{file.path}")[0] == 404
    assert script.ask("GET", f"samples/{sample.public_id}")[0] == 404


def test_a_failed_registration_says_why(script, workspace, version):
    facts = {"target": version, "error_code": "azure:unreachable"}
    factories.operation(workspace, Operation.Kind.REGISTER_VERSION, "failed", **facts)
    document = script.ask("GET", f"versions/{version.public_id}")[1]
    assert document["error"]["code"] == document["operation"]["error"]["code"] == "azure:unreachable"
