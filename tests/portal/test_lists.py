"""All lists: 25 rows a page, and no more queries for 1,000 rows than for 10."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ops.models import Compute, Deployment, Endpoint, Mirror, ModelVersion, Operation, RegisteredModel, Run, Workspace
from ops.opening import columns_about
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


@pytest.mark.parametrize("fill", [jobs, operations, models, endpoints, workspaces], ids=lambda fill: fill.__name__)
@pytest.mark.parametrize("where", ["/{}/", "/api/v1/{}"])
def test_a_thousand_rows_take_no_more_queries_than_ten(client_of, alice, workspace, fill, where):
    client, page = client_of(alice), where.format(fill.__name__)
    fill(workspace, range(10))
    client.get(page)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(page)
    fill(workspace, range(10, 1000))
    with CaptureQueriesContext(connection) as many:
        answer = client.get(page)
    assert answer.status_code == 200
    assert [query["sql"].split(" WHERE ")[0] for query in many] == [query["sql"].split(" WHERE ")[0] for query in few]
    if where.startswith("/api/"):
        assert len(answer.json()["items"]) == 25
        assert answer.json()["next"]


def test_the_pager_keeps_the_filters_and_a_wrong_page_is_the_nearest(client_of, alice, workspace):
    jobs(workspace, range(60))
    page = client_of(alice).get(reverse("jobs:index"), {"status": "Completed", "page": "2"}).content.decode()
    assert "status=Completed&amp;page=3" in page
    assert client_of(alice).get(reverse("jobs:index"), {"page": "nonsense"}).context["rows"].number == 1
    assert client_of(alice).get(reverse("jobs:index"), {"page": "900"}).context["rows"].number == 3


def test_a_filter_that_makes_no_sense_shows_an_empty_list(client_of, alice, workspace):
    jobs(workspace, range(3))
    for query in ({"workspace": "\x00"}, {"status": "x" * 5000}, {"q": "%_'\""}):
        assert client_of(alice).get(reverse("jobs:index"), query).status_code == 200
