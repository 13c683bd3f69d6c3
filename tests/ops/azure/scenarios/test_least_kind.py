"""A strict workspace: identity-only datastores, no keys. Reading and writing there must work with our own identity."""

import pytest

from ops.azure import artifacts, codes, connections, data, jobs, rest, sdk
from ops.azure.connections import Target
from ops.azure.facts import JobRequest
from tests.amlocal_server import AmlocalServer
from tests.ops.azure.conftest import IDENTITY, LEAVE_FILES, TAGS, finish


@pytest.fixture
def strict(tmp_path):
    server = AmlocalServer(tmp_path / "strict", {"AMLOCAL_PROFILE": "least-kind"}).start()
    with server.client_environment():
        names = ("AMLOCAL_SUBSCRIPTION_ID", "AMLOCAL_RESOURCE_GROUP", "AMLOCAL_WORKSPACE")
        yield connections.connect(Target("local", *(server.env[name] for name in names)), IDENTITY)
    server.stop()


def test_code_data_and_artifacts_need_no_keys(strict, source, tmp_path):
    code = codes.upload(strict, source)
    assert data.upload(strict, "digits", "1", source, TAGS).endswith("/data/digits/versions/1")
    sdk.load()
    from azure.ai.ml.entities import Environment

    environment = strict.ml.environments.create_or_update(Environment(name="plain", version="1", image="ubuntu:22.04"))
    jobs.create(strict, JobRequest("strict-run", "Strict", "plain", LEAVE_FILES, code, environment.id, "cpu-cluster"))
    assert finish(strict, "strict-run").status == "Completed"
    paths = [file.path for file in artifacts.list_files(strict, "strict-run", "outputs/model/")]
    assert "outputs/model/model.json" in paths
    assert artifacts.download(strict, "strict-run", "outputs/model/model.json", tmp_path / "model.json", 10) == 2
    url = rest.run_details(strict, "strict-run").log_files["user_logs/std_log.txt"]
    assert b"done" in rest.read_log(strict, url, 0, 1000)
