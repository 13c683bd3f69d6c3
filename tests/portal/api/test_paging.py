"""Lists of the API: every row once by cursor, filters kept, and as many queries for many rows as for one."""

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tokens
from accounts.models import Membership, Team
from ops.models import Operation, Workspace
from tests.portal import factories
from tests.portal.api.conftest import Script

pytestmark = pytest.mark.django_db


def cursor_of(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def follow(script, path):
    """Every page from the first on, by ``next``."""
    pages = [script.ask("GET", path)[1]]
    while pages[-1]["next"]:
        pages.append(script.ask("GET", f"{path}&cursor={pages[-1]['next']}")[1])
    return pages


def more(workspace, alice, number):
    """One more row for every list, with all that a row of it reads."""
    run = factories.run(workspace, "Completed", by=alice)
    factories.metric(run, "val_accuracy", [0.9])
    version = factories.version(workspace, name=f"model-{number}", run=run, by=alice)
    factories.version(workspace, name="many", number=str(number), run=run, by=alice)
    endpoint = factories.endpoint(workspace, f"endpoint-{number}")
    factories.deployment(endpoint, model_version=version)
    for kind, target in ((Operation.Kind.DEPLOY, endpoint.deployments.get()), (Operation.Kind.SUBMIT_RUN, run)):
        factories.operation(workspace, kind, target=target, by=alice)
    tokens.create(alice, name=str(number), scope="read", team=workspace.team)
    Membership.objects.create(user=alice, team=Team.objects.create(name=f"Team {number}"), role="viewer")
    other = Workspace.objects.get(pk=workspace.pk)
    mirror = workspace.mirror
    other.pk, other.public_id, other.name = None, f"w{number}", f"workspace-{number}"
    other.save()
    mirror.pk, mirror.workspace = None, other
    mirror.save()


def test_all_rows_come_once_and_in_order_with_the_filters_kept(script, workspace):
    wanted = [factories.run(workspace, "Completed").public_id for _ in range(7)][::-1]
    factories.run(workspace, "Running")
    pages = follow(script, "jobs?limit=3&status=Completed")
    assert [[item["id"] for item in page["items"]] for page in pages] == [wanted[:3], wanted[3:6], wanted[6:]]
    assert pages[0]["previous"] == ""
    back = script.ask("GET", f"jobs?limit=3&status=Completed&cursor={pages[2]['previous']}")[1]
    assert back["items"] == pages[1]["items"]


def test_a_cursor_holds_its_place_while_rows_come(script, workspace):
    old = [factories.run(workspace).public_id for _ in range(4)][::-1]
    first = script.ask("GET", "jobs?limit=2")[1]
    factories.run(workspace)
    assert [item["id"] for item in script.ask("GET", f"jobs?limit=2&cursor={first['next']}")[1]["items"]] == old[2:]


def test_a_list_by_name_is_followed_as_well(script, workspace):
    for name in ("c", "a", "b"):
        factories.endpoint(workspace, f"endpoint-{name}")
    names = [item["name"] for page in follow(script, "predict?limit=1") for item in page["items"]]
    assert names == ["endpoint-a", "endpoint-b", "endpoint-c"]


@pytest.mark.parametrize("path", ["jobs", "models", "endpoints", "predict", "operations", "workspaces"])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "é",
        "x" * 1000,
        cursor_of(),
        cursor_of("f"),
        cursor_of("x", "2026-11-28T00:00:00Z", "1"),
        cursor_of("f", "2026-11-28T00:00:00Z", str(2**63)),
        cursor_of("f", "2026-11-28T00:00:00Z", "9" * 700),
        cursor_of("f", "yesterday", "one"),
        cursor_of("f", None, None),
        cursor_of("f", ["a"], {"b": 1}),
        cursor_of("f", "a\x00", "1\x00"),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)
def test_a_cursor_of_another_list_is_a_wrong_value(script, path, cursor):
    status, problem = script.ask("GET", f"{path}?cursor={cursor}")
    assert (status, problem["code"], list(problem["fields"])) == (422, "api:bad_cursor", ["cursor"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=1e9", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("q=" + "x" * 201, "q"),
        ("cursor=" + "x" * 1001, "cursor"),
    ],
)
def test_a_wrong_value_of_the_address_is_named(script, query, field):
    status, problem = script.ask("GET", f"jobs?{query}")
    assert (status, problem["code"], list(problem["fields"])) == (422, "api:wrong_values", [field])


@pytest.mark.parametrize("text", ["%00", "a%00b", "%25", "%FF", "_", "%5C", "%27", "%F0%9F%98%80", "(", "%ED%A0%80"])
def test_any_text_may_be_searched_for(script, workspace, text):
    for path in ("jobs", "models", "endpoints", "predict", "operations", "workspaces"):
        query = f"q={text}&workspace={text}&state={text}&status={text}&kind={text}&experiment={text}&purpose={text}"
        assert script.ask("GET", f"{path}?{query}")[0] == 200, path


def test_a_text_is_searched_for_and_is_no_pattern(script, workspace):
    run = factories.run(workspace, display_name="100% sure")
    assert [item["id"] for item in script.ask("GET", "jobs?q=%25")[1]["items"]] == [run.public_id]
    assert script.ask("GET", "jobs?q=100_")[1]["items"] == []


@pytest.mark.parametrize(
    "path",
    [
        "jobs",
        "models",
        "endpoints",
        "predict",
        "operations",
        "workspaces",
        "teams",
        "tokens",
        "home",
        "models/{}/versions",
    ],
)
def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(workspace, alice, path):
    _token, secret = tokens.create(alice, name="script", scope="manage")
    script = Script(secret)
    costs = []
    for numbers in (range(1), range(1, 6)):
        for number in numbers:
            more(workspace, alice, number)
        many = workspace.registered_models.get(name="many").public_id
        with CaptureQueriesContext(
            connection,
        ) as queries:
            status, answer = script.ask("GET", path.format(many))
        assert status == 200
        costs.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
    assert costs[1] <= costs[0] <= 8
    if path != "home":
        assert len(answer["items"] if isinstance(answer, dict) else answer) >= 6
