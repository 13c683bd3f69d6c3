"""What ARM refuses before it looks at what is meant: versions, media types, names, taken versions, tokens; and the ids
that every answer carries."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data, Environment
from azure.core.exceptions import ResourceExistsError

from amlocal import settings
from amlocal.web.tokens import Tokens
from tests.amlocal.data_plane import VERSION
from tests.amlocal.scenarios.test_core import token, workspace_path
from tests.amlocal_server import AmlocalServer

Ask = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def ask(amlocal_server: AmlocalServer) -> Ask:
    """ask("GET", "/computes", **what requests takes): below the workspace, with a token and a version."""
    session, bearer = requests.Session(), token(amlocal_server)
    session.verify = amlocal_server.ca_bundle

    def call(method: str, path: str, *, workspace: str = "local", **more: Any) -> requests.Response:
        url = amlocal_server.url + workspace_path(amlocal_server, workspace=workspace) + path
        headers = {"Authorization": f"Bearer {bearer}", **more.pop("headers", {})}
        return session.request(method, url, headers=headers, timeout=10, **{"params": VERSION, **more})

    return call


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_version_is_asked_for_and_any_is_good(ask: Ask) -> None:
    assert refusal(ask("GET", "", params={})) == (400, "MissingApiVersionParameter")
    assert refusal(ask("GET", "", params={"api-version": "newest"})) == (400, "InvalidApiVersionParameter")
    for version in ("2018-11-19", "2099-01-01-preview"):
        assert ask("GET", "", params={"API-Version": version}).status_code == 200


def test_a_body_is_json_and_says_so(ask: Ask) -> None:
    assert refusal(ask("PATCH", "", data=b"{}")) == (415, "UnsupportedMediaType")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert refusal(ask("PATCH", "", data=b"a=b", headers=form)) == (415, "UnsupportedMediaType")
    broken = ask("PATCH", "", data=b'{"tags": {', headers={"Content-Type": "application/json; charset=utf-8"})
    assert refusal(broken) == (400, "InvalidRequestContent")


def test_a_wrong_type_is_named_with_its_place(ask: Ask) -> None:
    properties = {"computeType": "AmlCompute", "properties": {"scaleSettings": {"maxNodeCount": "many"}}}
    answer = ask("PUT", "/computes/odd", json={"properties": properties})
    assert refusal(answer) == (400, "InvalidRequestContent")
    assert "Path 'properties.properties.scaleSettings.maxNodeCount'" in answer.json()["error"]["message"]


def test_numbers_in_text_are_numbers(ask: Ask) -> None:
    own = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"minNodeCount": "0", "maxNodeCount": "2"}}
    answer = ask("PUT", "/computes/texts", json={"properties": {"computeType": "AmlCompute", "properties": own}})
    assert answer.json()["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2
    assert ask("DELETE", "/computes/texts").status_code == 200


def test_what_is_inside_a_missing_workspace_names_its_parent(ask: Ask) -> None:
    assert refusal(ask("GET", "", workspace="nothing")) == (404, "ResourceNotFound")
    answer = ask("GET", "/computes/x", workspace="nothing")
    assert refusal(answer) == (404, "ParentResourceNotFound")
    assert "Failed to perform 'read' on resource(s) of type 'workspaces/computes'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/computes/under_score", {"computeType": "AmlCompute"}),
        ("/datastores/with-dash", {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c"}),
        ("/data/with space/versions/1", {"dataType": "uri_file", "dataUri": "https://example.org/x"}),
        (f"/models/{'x' * 256}/versions/1", {"modelUri": "azureml://datastores/workspaceblobstore/paths/x"}),
        ("/jobs/café", {"jobType": "Command", "command": "true", "environmentId": "x"}),
        ("/onlineEndpoints/1st", {"authMode": "Key"}),
        ("/onlineEndpoints/ab", {"authMode": "Key"}),
        ("/onlineEndpoints/two--dashes", {"authMode": "Key"}),
    ],
)
def test_names_have_rules(ask: Ask, path: str, body: dict[str, Any]) -> None:
    answer = ask("PUT", path, json={"location": "eastus", "properties": body})
    assert answer.status_code == 400
    assert path.split("/")[2] in answer.json()["error"]["message"]
    assert ask("GET", path).status_code == 404


def test_a_version_that_is_taken_keeps_what_it_has(ml_client: MLClient, name: str) -> None:
    ml_client.data.create_or_update(Data(name=name, version="1", path="https://example.org/1", type="uri_file"))
    with pytest.raises(ResourceExistsError, match="the existing asset's data uri cannot be changed"):
        ml_client.data.create_or_update(Data(name=name, version="1", path="https://example.org/2", type="uri_file"))
    ml_client.environments.create_or_update(Environment(name=name, version="1", image="python:3.11"))
    with pytest.raises(
        ResourceExistsError, match=f"Environment {name} with version 1 is already registered and cannot"
    ):
        ml_client.environments.create_or_update(Environment(name=name, version="1", image="python:3.12"))


def test_deleting_what_is_not_there_is_no_error_where_azure_says_204(ask: Ask) -> None:
    for path in ("/onlineEndpoints/nothing", "/data/nothing/versions/1", "/datastores/nothing", "/models/nothing"):
        assert ask("DELETE", path).status_code == 204


def test_methods_and_paths_that_are_none(ask: Ask) -> None:
    wrong = ask("PATCH", "/datastores/workspaceblobstore", json={})
    assert (*refusal(wrong), "GET" in wrong.headers["Allow"]) == (405, "MethodNotAllowed", True)
    head = ask("HEAD", "/datastores/workspaceblobstore")
    assert (head.status_code, head.content) == (405, b"")
    assert refusal(ask("GET", "/nothing/like/it")) == (404, "NotFound")
    assert ask("GET", "/computes/" + "x" * 70_000).status_code == 414
    for odd in ("/computes/%zz", "/computes/%", "/computes/%FF", "/computes/📎"):
        assert ask("GET", odd).status_code == 404


def test_every_answer_carries_ids(ask: Ask) -> None:
    mine = {name: str(uuid.uuid4()) for name in ("x-ms-correlation-request-id", "x-ms-client-request-id")}
    first, second = ask("GET", "/computes/nothing", headers=mine), ask("GET", "")
    assert {name: first.headers[name] for name in mine} == mine
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    assert ask("GET", "").headers["ETag"] == second.headers["ETag"]


def test_a_token_is_good_for_its_surface_and_its_time(amlocal_server: AmlocalServer, ask: Ask) -> None:
    tokens = Tokens(settings.read(amlocal_server.settings()))

    def code(bearer: str) -> str:
        answer = ask("GET", "", headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        return str(answer.json()["error"]["code"])

    assert ask("GET", "", headers={"Authorization": f"Bearer {tokens.issue_for('arm')}"}).status_code == 200
    assert code(tokens.issue_for("arm", lifetime_seconds=-1)) == "ExpiredAuthenticationToken"
    # A clock that is ahead gives out tokens that begin a moment from now; Entra allows for minutes.
    assert ask("GET", "", headers={"Authorization": f"Bearer {tokens.issue_for('arm', iat=time.time() + 90)}"}).ok
    assert code(tokens.issue_for("ml")) == code(tokens.issue_for("blob")) == "InvalidAuthenticationTokenAudience"
    head, payload, _ = tokens.issue_for("arm").split(".")
    for garbled in (f"{head}.{payload}.", f"{head}.{payload}.é", "a.b.c", "....", f"eyJhbGciOiJub25lIn0.{payload}."):
        assert code(garbled) == "InvalidAuthenticationToken"
