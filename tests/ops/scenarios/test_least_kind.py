"""The main job on an Azure ML as strict as a real one may be: no account keys, long Retry-After, 403 before 404."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.ids import new_public_id
from ops.models import Deployment, Endpoint, Operation
from ops.services import deployments, endpoints, traffic, versions
from tests.amlocal_server import ROOT, AmlocalServer
from tests.ops.conftest import complete, finish

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def amlocal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmlocalServer]:
    strict = {
        "AMLOCAL_PROFILE": "least-kind",
        "AMLOCAL_SCORING_PYTHON": str(ROOT / ".venv-scoring" / "bin" / "python"),
    }
    server = AmlocalServer(tmp_path_factory.mktemp("strict"), strict).start()
    yield server
    server.stop()


@pytest.fixture
def azure(amlocal_server: AmlocalServer) -> Iterator[AmlocalServer]:
    with amlocal_server.client_environment():
        yield amlocal_server


def test_the_main_job_is_done_there_too(submit, alice, workspace, azure):
    done = [finish(submit(files={"data": [SimpleUploadedFile("a.txt", b"a")]}, metrics="accuracy"))]
    run = complete(done[0].target)
    assert (run.status, run.metrics.get(key="accuracy").point_count) == ("Completed", 3)
    done.append(finish(versions.register(run=run, by=alice, name=f"m-{run.name}")))
    name, version = f"s-{new_public_id()}", done[-1].target
    done.append(finish(deployments.create(version=version, by=alice, endpoint_name=name)))
    done.append(finish(deployments.create(version=version, by=alice, endpoint_name=name)))
    endpoint = Endpoint.objects.get(name=name)
    done.append(finish(traffic.shift(endpoint=endpoint, split={"green": 100}, by=alice)))
    blue = Deployment.objects.get(endpoint=endpoint, name="blue")
    done.append(finish(deployments.delete(blue, alice)))
    green = Deployment.objects.get(endpoint=endpoint, name="green")
    assert green.traffic == 100
    done.append(finish(deployments.delete(green, alice)))
    done.append(finish(endpoints.delete(endpoint, alice, name)))
    assert [operation.error_code for operation in done] == [""] * 8
    assert {operation.state for operation in done} == {Operation.State.SUCCEEDED}
    # Its datastores have no keys to list: every byte went by our own identity.
    assert azure.requests("POST", "/listSecrets$") == []
    assert azure.requests("PUT", "blob.core")
