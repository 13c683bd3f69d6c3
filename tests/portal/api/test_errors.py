"""Whatever is sent to whatever route, the answer is a refusal in the one shape: never a 500, never a page."""

import json

import pytest

from portal.api.schemas.common import Problem
from portal.api.v1 import api
from tests.portal import factories

pytestmark = pytest.mark.django_db
OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1/"), operation)
    for path, routes in api.get_openapi_schema()["paths"].items()
    for method, operation in routes.items()
]
TAKES_JSON = [
    (method, path)
    for method, path, operation in OPERATIONS
    if "application/json" in operation.get("requestBody", {}).get("content", {})
]
TAKES_FORM = [("POST", "jobs/upload"), ("POST", "predict/{endpoint_id}")]
BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"name": "\xff"}',
    "null": b"null",
    "text": b'"text"',
    "number": b"1" * 400,
    "number beyond Python's": b"1" * 5000,
    "list": b"[]",
    "list of lists": b"[[[]]]",
    "deep list": b"[" * 200_000,
    "deep object": b'{"name":' * 200_000,
    "half a pair": b'{"name": "\\ud800", "username": "\\ud800", "job": "\\ud800", "recipe": "\\ud800"}',
    "infinite": b'{"instance_count": 1e999, "split": {"blue": Infinity}, "parameters": {"epochs": NaN}}',
    "nested": b'{"name": {"name": {}}, "split": {"a": {"b": 1}}, "parameters": {"a": [[]]}, "new_credential": [1]}',
}


@pytest.fixture
def addresses(workspace, olivia, endpoint):
    """A value for each variable of the addresses."""
    version = factories.version(workspace, name="other")
    return {
        "team_id": workspace.team.public_id,
        "member_id": str(olivia.memberships.get().pk),
        "workspace_id": workspace.public_id,
        "job_id": factories.run(workspace).public_id,
        "model_id": version.registered_model.public_id,
        "version_id": version.public_id,
        "sample_id": "nothing",
        "path": "model.json",
        "endpoint_id": endpoint.public_id,
        "deployment_id": endpoint.deployments.get().public_id,
        "operation_id": factories.operation(workspace).public_id,
        "token_id": "nothing",
        "name": "mnist-keras",
    }


@pytest.fixture
def owner(script_of, olivia):
    olivia.is_staff = True
    olivia.save()
    return script_of(olivia)


def shape(response):
    """The answer as a Problem; fails for any other shape."""
    assert response.headers["Content-Type"].startswith("application/json"), response.content[:200]
    problem = Problem(**response.json())
    assert set(response.json()) == set(Problem.model_fields)
    assert problem.code
    assert problem.title
    assert problem.sentence
    return problem


@pytest.mark.parametrize(("method", "path"), TAKES_JSON)
def test_a_body_that_is_none_is_refused(owner, addresses, method, path):
    for name, body in BODIES.items():
        response = owner.generic(method, f"/api/v1/{path.format(**addresses)}", body, "application/json")
        assert response.status_code in (400, 403, 422), (name, response.status_code)
        shape(response)


@pytest.mark.parametrize(("method", "path"), TAKES_JSON + TAKES_FORM)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"hello"),
        ("", b"hello"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data; boundary=\xff", b"--x--"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="job"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        ("application/x-www-form-urlencoded", b"name=%00&job=%00&sample=%00&deployment=%00"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"name=x&job=y"),
        ("application/json; charset=nonsense", b'{"a": 1}'),
        ("application/xml", b"<name/>"),
    ],
)
def test_another_kind_of_body_is_refused(owner, addresses, method, path, kind, body):
    response = owner.generic(method, f"/api/v1/{path.format(**addresses)}", body, kind)
    assert response.status_code in (400, 403, 415, 422)
    shape(response)
    keyed = {"Idempotency-Key": "a-key"}
    again = owner.generic(method, f"/api/v1/{path.format(**addresses)}", body, kind, headers=keyed)
    assert again.status_code == response.status_code


@pytest.mark.parametrize(("method", "path"), TAKES_JSON)
def test_a_body_over_the_limit_is_told_so(owner, addresses, method, path):
    body = json.dumps({"name": "x" * 5_000_000})
    for headers in ({}, {"Idempotency-Key": "a-key"}):
        response = owner.generic(
            method, f"/api/v1/{path.format(**addresses)}", body, "application/json", headers=headers
        )
        assert (response.status_code, shape(response).code) == (413, "http:413")


def test_more_parts_than_a_form_has_are_refused(owner, addresses):
    for _method, path in TAKES_FORM:
        response = owner.post(f"/api/v1/{path.format(**addresses)}", {f"part{number}": "x" for number in range(1001)})
        assert response.status_code in (400, 413)
        shape(response)


@pytest.mark.parametrize(
    ("method", "path", "operation"), [one for one in OPERATIONS if "{" in one[1]], ids=lambda value: str(value)[:60]
)
def test_an_id_that_is_none_is_a_404(owner, addresses, method, path, operation):
    body = {"name": "x", "username": "x", "role": "viewer", "split": {"blue": 100}, "may_use_host_identity": True}
    for value in ("0", "x" * 5000, "%00", "%FF", "..", "a%2Fb", "'", "%F0%9F%98%80", "None"):
        filled = path.format(**dict.fromkeys(addresses, value))
        response = owner.generic(method, f"/api/v1/{filled}?confirm=x", json.dumps(body), "application/json")
        assert response.status_code == 404, (value, response.content[:200])
        shape(response)


@pytest.mark.parametrize(("method", "path", "operation"), [one for one in OPERATIONS if one[0] == "GET"])
def test_head_answers_as_get_does_without_the_body(owner, addresses, method, path, operation):
    address = f"/api/v1/{path.format(**addresses)}"
    got, head = owner.get(address), owner.head(address)
    assert head.status_code == got.status_code
    assert head.getvalue() == b""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


def test_the_texts_follow_the_language_and_the_code_does_not(script, workspace):
    job = f"jobs/{factories.run(workspace).public_id}/retry"
    (_status, english), (_again, chinese) = script.ask("POST", job), script.ask("POST", job, Accept_Language="zh-hans")
    assert english["code"] == chinese["code"] == "run:still_running"
    assert english["title"] != chinese["title"]


@pytest.mark.parametrize("path", ["jobs/nothing", "nowhere", "jobs/nothing/log", "predict/nothing"])
def test_what_is_not_there_is_told_in_the_one_shape(script, path):
    response = script.get(f"/api/v1/{path}")
    assert (response.status_code, shape(response).code) == (404, "http:404")
    assert "private" in response.headers["Cache-Control"]


def test_a_fault_of_ours_is_told_in_the_one_shape(script, workspace, monkeypatch):
    def broken(*_given, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr("portal.api.jobs.queries.list_runs_of_purpose", broken)
    script.raise_request_exception = False
    response = script.get("/api/v1/jobs")
    assert (response.status_code, shape(response).code) == (500, "http:500")
