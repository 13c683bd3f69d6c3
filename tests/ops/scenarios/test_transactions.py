"""A promise of the house: no database transaction is open while anything is sent over the network."""

import http.client

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts.ids import new_public_id
from ops.models import Operation
from ops.services import deployments, endpoints, traffic, versions
from tests.ops.brokers import pointed_at
from tests.ops.conftest import complete, finish, mirror_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, bool]]:
    """(URL, was a transaction open) of every HTTP request that this process sends: urllib3 goes through here, too."""
    seen: list[tuple[str, bool]] = []
    put_request = http.client.HTTPConnection.putrequest

    def watched(self, method, url, *args, **kwargs):
        seen.append((f"{method} {url}", connection.in_atomic_block))
        return put_request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(http.client.HTTPConnection, "putrequest", watched)
    return seen


@pytest.mark.slow
def test_no_transaction_is_open_across_a_network_call(submit, alice, workspace, azure, sent, tmp_path):
    with pointed_at(f"redis+socket://{tmp_path}/nobody.sock"):
        files = {"data": [SimpleUploadedFile("a.txt", b"a")]}
        run = complete(finish(submit(files=files, metrics="accuracy")).target)
        made = finish(versions.register(run=run, by=alice, name=f"m-{run.name}"))
        name = f"t-{new_public_id()}"
        deployed = finish(deployments.create(version=made.target, by=alice, endpoint_name=name))
        endpoint = deployed.target.endpoint
        shifted = finish(traffic.shift(endpoint=endpoint, split={"blue": 100}, by=alice))
        for _ in range(4):
            mirror_once(workspace)
        deleted = finish(endpoints.delete(endpoint, alice, name))
    states = [operation.state for operation in (made, deployed, shifted, deleted)]
    assert states == [Operation.State.SUCCEEDED] * 4
    assert len(sent) > 50
    assert [url for url, was_open in sent if was_open] == []
