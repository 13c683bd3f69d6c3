"""Queries and milliseconds of each list page with 10 and with 1,000 rows: the numbers of queries must be equal."""

import os
import time
from collections.abc import Callable
from typing import Any

from benchmarks import figures

REPEATS = 10


def run() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ["PORTAL_DEBUG"] = "1"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    client, workspace, person = _world()
    for noun, make in _makers(workspace, person).items():
        for count in (10, 1000):
            make(count)
            queries, milliseconds = _measure(client, f"/{noun}/")
            figures.row(f"/{noun}/ with {count:,} rows: {queries} queries", milliseconds, "ms")


def _measure(client: Any, path: str) -> tuple[int, list[float]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times = []
    for _ in range(REPEATS):
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
    return len(queries), times


def _world() -> tuple[Any, Any, Any]:
    from django.test import Client

    from accounts.models import Membership, Team, User
    from ops.models import Mirror, Workspace
    from ops.services import credentials

    person, team = User.objects.create_user("bench"), Team.objects.create(name="Bench")
    Membership.objects.create(user=person, team=team, role=Membership.Role.OPERATOR)
    workspace = Workspace.objects.create(
        team=team,
        credential=credentials.for_local(team),
        cloud="local",
        subscription_id="00000000-0000-0000-0000-000000000001",
        resource_group="bench",
        name="bench",
        state="ready",
    )
    Mirror.objects.create(workspace=workspace)
    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    return client, workspace, person


def _makers(workspace: Any, person: Any) -> dict[str, Callable[[int], None]]:
    """For each list, what fills it up to a number of rows."""
    from django.utils import timezone

    from ops.models import Endpoint, ModelVersion, Operation, RegisteredModel, Run
    from ops.opening import columns_about

    def runs(count: int) -> None:
        first = Run.objects.count()
        rows = [
            Run(workspace=workspace, name=f"run-{n}", status="Completed", is_final=True) for n in range(first, count)
        ]
        for run in Run.objects.bulk_create(rows):
            run.metrics.create(key="val_accuracy", last_value=0.9)

    def models(count: int) -> None:
        first = RegisteredModel.objects.count()
        rows = [RegisteredModel(workspace=workspace, name=f"model-{n}") for n in range(first, count)]
        made = RegisteredModel.objects.bulk_create(rows)
        ModelVersion.objects.bulk_create(ModelVersion(registered_model=row, version="1") for row in made)

    def endpoints(count: int) -> None:
        first = Endpoint.objects.count()
        Endpoint.objects.bulk_create(Endpoint(workspace=workspace, name=f"e-{n}") for n in range(first, count))

    def operations(count: int) -> None:
        first = Operation.objects.count()
        now = timezone.now()
        Operation.objects.bulk_create(
            Operation(
                kind="test_connection",
                **columns_about(workspace),
                lock_key=f"bench:{n}",
                requested_by=person,
                deadline_at=now,
                finished_at=now,
                state="succeeded",
            )
            for n in range(first, count)
        )

    return {"jobs": runs, "models": models, "endpoints": endpoints, "operations": operations}
