"""All lists: 25 rows a page, sought by key; no more queries for 1,000 rows than for 30, and five for 10."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ops.models import (
    Compute,
    Deployment,
    Endpoint,
    Heartbeat,
    Mirror,
    ModelVersion,
    Operation,
    RegisteredModel,
    Run,
    Workspace,
)
from ops.opening import columns_about
from portal.queries import heartbeats
from tests.portal import factories


def jobs(workspace, numbers):
    Run.objects.bulk_create(
        Run(workspace=workspace, name=f"job-{n}", status="Completed", is_final=True) for n in numbers
    )


def operations(workspace, numbers):
    endpoint, _made = Endpoint.objects.get_or_create(workspace=workspace, name="digits-api")
    Operation.objects.bulk_create(
        Operation(
            **columns_about(endpoint),
            kind=Operation.Kind.DEPLOY,
            lock_key=f"x:{n}",
            state="succeeded",
            deadline_at=timezone.now(),
            finished_at=timezone.now(),
        )
        for n in numbers
    )


def models(workspace, numbers):
    registered = RegisteredModel.objects.bulk_create(
        RegisteredModel(workspace=workspace, name=f"model-{n}") for n in numbers
    )
    run = Run.objects.create(workspace=workspace, name=f"source-{numbers[0]}")
    ModelVersion.objects.bulk_create(
        ModelVersion(registered_model=row, version=str(v), run=run, state="ready") for row in registered for v in (1, 2)
    )


def endpoints(workspace, numbers):
    version = factories.version(workspace, number=str(numbers[0]))
    rows = Endpoint.objects.bulk_create(Endpoint(workspace=workspace, name=f"endpoint-{n}") for n in numbers)
    Deployment.objects.bulk_create(
        Deployment(endpoint=row, name=name, model_version=version) for row in rows for name in ("blue", "green")
    )


def workspaces(workspace, numbers):
    rows = [
        Workspace(team=workspace.team, credential=workspace.credential, cloud="local", name=f"w-{n}") for n in numbers
    ]
    Workspace.objects.bulk_create(rows)
    Mirror.objects.bulk_create(Mirror(workspace=row) for row in rows)
    Compute.objects.bulk_create(
        Compute(workspace=row, name="cpu", kind="amlcompute", arm_id="/", seen_at=timezone.now()) for row in rows
    )


LISTS = [jobs, operations, models, endpoints, workspaces]


def names(answer):
    return [row.name for row in answer.context["rows"]]


def queries_of(client, page):
    """The tables and columns that a page reads, in their order; the session's and the person's are among them."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(page)
    assert answer.status_code == 200
    return answer, [query["sql"].split(" WHERE ")[0] for query in queries]


@pytest.mark.parametrize("fill", LISTS, ids=lambda fill: fill.__name__)
@pytest.mark.parametrize("where", ["/{}/", "/api/v1/{}"])
def test_a_thousand_rows_take_no_more_queries_than_thirty(client_of, alice, workspace, fill, where):
    client, page = client_of(alice), where.format(fill.__name__)
    fill(workspace, range(30))
    client.get(page)
    _answer, few = queries_of(client, page)
    fill(workspace, range(30, 1000))
    answer, many = queries_of(client, page)
    assert many == few
    if where.startswith("/api/"):
        assert len(answer.json()["items"]) == 25
        assert answer.json()["next"]


@pytest.mark.parametrize("fill", LISTS, ids=lambda fill: fill.__name__)
def test_a_list_of_ten_rows_takes_five_queries(client_of, alice, workspace, fill, heartbeats_of_all):
    fill(workspace, range(10))
    client, page = client_of(alice), reverse(f"{fill.__name__}:index")
    client.get(page)
    assert len(queries_of(client, page)[1]) <= 5


@pytest.fixture
def heartbeats_of_all(db):
    for name in heartbeats.expected():
        Heartbeat.objects.create(name=name, seen_at=timezone.now())


def links(page):
    """Where the pager of a page leads: {"next": address, …}."""
    found = re.findall(r'rel="(first|prev|next)" href="([^"]*)"', page.content.decode())
    return {rel: html.unescape(address) for rel, address in found}


def test_the_pager_leads_through_all_pages_and_back_and_keeps_the_filters(client_of, alice, workspace):
    jobs(workspace, range(60))
    client, page = client_of(alice), reverse("jobs:index")
    first = client.get(page, {"status": "Completed"})
    assert set(links(first)) == {"next"}
    assert "25 of 60" in first.content.decode()
    second = client.get(page + links(first)["next"])
    assert "status=Completed" in links(second)["next"]
    assert links(second)["first"] == "?status=Completed"
    third = client.get(page + links(second)["next"])
    assert set(links(third)) == {"first", "prev"}
    assert "10 of 60" in third.content.decode()
    assert links(client.get(page + links(third)["prev"])) == links(second)


def test_more_than_a_thousand_rows_are_not_counted_to_the_end(client_of, alice, workspace):
    jobs(workspace, range(1001))
    assert "25 of more than 1,000" in client_of(alice).get(reverse("jobs:index")).content.decode()


@pytest.mark.parametrize("cursor", ["nonsense", "\x00", "WyJmIiwiMjAyNi0wMS0wMSIsImEiXQ", "x" * 2000])
def test_a_cursor_of_no_list_shows_the_first_page(client_of, alice, workspace, cursor):
    jobs(workspace, range(30))
    client, page = client_of(alice), reverse("jobs:index")
    assert names(client.get(page, {"after": cursor})) == names(client.get(page))


def test_a_page_that_has_become_empty_shows_the_first_one(client_of, alice, workspace):
    jobs(workspace, range(30))
    client, page = client_of(alice), reverse("jobs:index")
    address = page + links(client.get(page))["next"]
    Run.objects.filter(name__in=[f"job-{n}" for n in range(5)]).delete()
    assert len(names(client.get(address))) == 25


def beside(workspace, name, team=None):
    """Another registered workspace, of the same team when none is given."""
    return Workspace.objects.create(
        team=team or workspace.team, credential=workspace.credential, cloud="local", name=name, state="ready"
    )


def test_rows_of_several_workspaces_are_one_list_and_a_strangers_are_not_in_it(client_of, alice, charlie, workspace):
    """Newest first across the workspaces, whoever else has made rows in between."""
    other, foreign = beside(workspace, "other"), beside(workspace, "foreign", charlie.teams.get())
    for number in range(45):
        place = (workspace, other, foreign)[number % 3]
        jobs(place, [number])
    client, page = client_of(alice), reverse("jobs:index")
    first = client.get(page)
    second = client.get(page + links(first)["next"])
    assert names(first) + names(second) == [f"job-{number}" for number in reversed(range(45)) if number % 3 != 2]
    assert first.context["rows"].total == 30
    assert names(client.get(page, {"workspace": other.public_id})) == (names(first) + names(second))[::2]
    assert names(client.get(page, {"workspace": foreign.public_id})) == []


def test_a_filter_that_makes_no_sense_shows_an_empty_list(client_of, alice, workspace):
    jobs(workspace, range(3))
    for query in ({"workspace": "\x00"}, {"status": "x" * 5000}, {"q": "%_'\""}):
        assert client_of(alice).get(reverse("jobs:index"), query).status_code == 200
