"""Lists longer than a page, through the SDK: each thing once, also when something goes between two pages; and what the
queries of ARM choose."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient

from tests.amlocal.data_plane import VERSION
from tests.amlocal.scenarios.test_core import token, workspace_path
from tests.amlocal_server import AmlocalServer

# A page has at most 100.
COUNT = 105
Put = Callable[..., None]
CLUSTER = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"maxNodeCount": 1}}
JOB = {"jobType": "Command", "command": "sleep 60", "environmentId": "x", "computeId": "one"}


class Filled:
    """A workspace of its own, and plain calls to fill it fast."""

    def __init__(self, server: AmlocalServer, client: MLClient, name: str) -> None:
        self.client, self.tag = client, name
        self._url = server.url + workspace_path(server, workspace=name)
        self._session = requests.Session()
        self._session.verify, self._session.params = server.ca_bundle, VERSION
        self._session.headers["Authorization"] = f"Bearer {token(server)}"

    def put(self, path: str, properties: dict[str, Any], **more: Any) -> None:
        answer = self._session.put(f"{self._url}/{path}", json={"properties": properties, **more}, timeout=30)
        assert answer.status_code in (200, 201), answer.text

    def get(self, path: str, **query: str) -> list[str]:
        """The names on the first page."""
        answer = self._session.get(f"{self._url}/{path}", params=query, timeout=30)
        return [one["name"] for one in answer.json()["value"]]

    def pages(self, path: str, **query: str) -> Iterator[list[str]]:
        """The names on each page."""
        answer = self._session.get(f"{self._url}/{path}", params=query, timeout=30).json()
        yield [one["name"] for one in answer["value"]]
        while "nextLink" in answer:
            # The link has all of the query.
            answer = self._session.get(answer["nextLink"], params={"api-version": None}, timeout=30).json()
            yield [one["name"] for one in answer["value"]]

    def put_many(self, path: str, properties: dict[str, Any], **more: Any) -> set[str]:
        """COUNT of them, under `path` with `{}` for the name; their names."""
        names = {f"{self.tag}-{number}" for number in range(COUNT)}
        for name in names:
            self.put(path.format(name), properties, **more)
        return names


@pytest.fixture(scope="module")
def filled(amlocal_server: AmlocalServer, connect: Callable[..., MLClient]) -> Iterator[Filled]:
    env, name = amlocal_server.env, f"l{uuid.uuid4().hex[:8]}"
    one = {"subscription": env["AMLOCAL_SUBSCRIPTION_ID"], "group": env["AMLOCAL_RESOURCE_GROUP"], "name": name}
    amlocal_server.control("POST", "seed", {"workspaces": [one]})
    client = connect(workspace=name)
    yield Filled(amlocal_server, client, name)
    client.workspaces.begin_delete(name, delete_dependent_resources=False).result()


def names_of(listed: Any) -> list[str]:
    return [str(one.name) for one in listed]


@pytest.mark.slow
def test_jobs_cross_a_page(filled: Filled) -> None:
    filled.put("computes/one", {"computeType": "AmlCompute", "properties": CLUSTER}, location="eastus")
    wanted = filled.put_many("jobs/{}", JOB)
    assert sorted(names_of(filled.client.jobs.list())) == sorted(wanted)


def test_assets_and_their_versions_cross_a_page(filled: Filled) -> None:
    data = {"dataType": "uri_file", "dataUri": "https://example.org/x"}
    wanted = filled.put_many("data/{}/versions/1", data)
    assert sorted(names_of(filled.client.data.list())) == sorted(wanted)
    for number in range(COUNT):
        filled.put(f"data/many/versions/{number + 1}", data)
    versions = [int(one.version) for one in filled.client.data.list("many")]
    assert versions == list(range(COUNT, 0, -1)), "the newest first"
    wanted = filled.put_many("environments/{}/versions/1", {"image": "python:3.11"})
    assert wanted <= set(names_of(filled.client.environments.list()))
    wanted = filled.put_many("models/{}", {})
    assert sorted(names_of(filled.client.models.list())) == sorted(wanted)


def test_computes_and_datastores_cross_a_page(filled: Filled) -> None:
    cluster = {"computeType": "AmlCompute", "properties": CLUSTER}
    wanted = filled.put_many("computes/{}", cluster, location="eastus")
    assert wanted <= set(names_of(filled.client.compute.list()))
    store = {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c"}
    for number in range(COUNT):
        filled.put(f"datastores/store_{number}", {**store, "credentials": {"credentialsType": "None"}})
    assert len(names_of(filled.client.datastores.list())) == COUNT + 4


def test_endpoints_and_deployments_come_in_the_pages_asked_for(filled: Filled) -> None:
    """A region has 100 endpoints at most, an endpoint 20 deployments: the SDK itself needs no second page of them."""
    wanted = {f"{filled.tag}-page-{number}" for number in range(5)}
    for name in wanted:
        filled.put(f"onlineEndpoints/{name}", {"authMode": "Key"}, location="eastus")
    pages = list(filled.pages("onlineEndpoints", count="2"))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {name for page in pages for name in page} == wanted
    assert list(filled.pages(f"onlineEndpoints/{min(wanted)}/deployments", count="2")) == [[]]


def test_what_goes_between_two_pages_takes_nothing_else_along(filled: Filled) -> None:
    for number in range(COUNT + 10):
        filled.put(f"data/moving/versions/{number}", {"dataType": "uri_file", "dataUri": "https://example.org/x"})
    pages = filled.client.data.list("moving").by_page()
    first = [one.version for one in next(pages)]
    # The last one of the first page, and one that is still to come.
    for version in (first[-1], "3"):
        filled._session.delete(f"{filled._url}/data/moving/versions/{version}", timeout=30).raise_for_status()
    rest = [one.version for page in pages for one in page]
    assert not set(first) & set(rest)
    assert {int(version) for version in first + rest} == set(range(COUNT + 10)) - {3}


def test_queries_choose_and_order(filled: Filled) -> None:
    model = {"modelType": "custom_model", "modelUri": "azureml://datastores/workspaceblobstore/paths/x"}
    for name, tags in (("chosen-one", {"a": "1", "b": "2"}), ("chosen-two", {"a": "1"})):
        filled.put(f"onlineEndpoints/{filled.tag}-{name}", {"properties": {"p": name}}, location="eastus", tags=tags)
    one, two = f"{filled.tag}-chosen-one", f"{filled.tag}-chosen-two"
    assert filled.get("onlineEndpoints", tags="a=1,b") == [one]
    assert filled.get("onlineEndpoints", tags="a=1", orderBy="CreatedTimeAsc") == [one, two]
    assert filled.get("onlineEndpoints", properties="p=chosen-two") == [two]
    assert filled.get("onlineEndpoints", name=one.upper()) == [one]
    assert filled.get("onlineEndpoints", computeType="Kubernetes") == []
    assert len(filled.get("onlineEndpoints", computeType="Managed", count="2")) == 2
    assert filled.get("datastores", isDefault="true") == ["workspaceblobstore"]
    assert filled.get("datastores", names="workspacefilestore,nothing") == ["workspacefilestore"]
    assert filled.get("datastores", searchText="artifact") == ["workspaceartifactstore"]
    for version, tags in (("1", {"a": "1"}), ("2", {})):
        filled.put(
            f"data/tagged/versions/{version}", {"dataType": "uri_file", "dataUri": model["modelUri"], "tags": tags}
        )
    assert filled.get("data/tagged/versions", **{"$tags": "a=1"}) == ["1"]
    assert filled.get("data/tagged/versions", **{"$orderBy": "createdtime asc", "$top": "1"}) == ["1"]
