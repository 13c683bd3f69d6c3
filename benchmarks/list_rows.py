"""Rows for the measurement of pages: a team that the person is in, and one whose rows they must not see."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

BATCH = 2000
# The person's team works in two workspaces by turns; the other team has a quarter as many rows, among the newest.
STRANGERS = 0.25
EVERY_SO_MANY = {"Running": 5000, "Failed": 50}
SPEC_LINES = 12
FOREIGN = "foreign"


@dataclass(frozen=True)
class World:
    """Who looks (their session's cookie), and where the rows are made."""

    person: Any
    session_key: str
    workspaces: list[Any]
    foreign: Any


def world() -> World:
    """Return a person with two workspaces, and another team's workspace."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import Membership, Team, User

    person, team = User.objects.create_user("bench", first_name="Ben", last_name="Mark"), Team.objects.create(name="A")
    Membership.objects.create(user=person, team=team, role=Membership.Role.OPERATOR)
    client = Client()
    client.force_login(person)
    workspaces = [_workspace(team, name) for name in ("vision", "tables")]
    foreign = _workspace(Team.objects.create(name="B"), FOREIGN)
    return World(person, client.cookies[settings.SESSION_COOKIE_NAME].value, workspaces, foreign)


def _workspace(team: Any, name: str) -> Any:
    from ops.models import Mirror, Workspace
    from ops.services import credentials

    row = Workspace.objects.create(
        team=team,
        credential=credentials.for_local(team),
        cloud="local",
        subscription_id="00000000-0000-0000-0000-000000000001",
        resource_group="bench",
        name=name,
        state="ready",
    )
    Mirror.objects.create(workspace=row)
    return row


def makers(world: World) -> dict[str, Callable[[int], None]]:
    """Return for each list what fills it from the rows it has up to a number of rows."""

    def filler(model: Any, make: Callable[[Any, int, datetime], Any], after: Callable[[list[Any]], None]) -> Any:
        def fill(count: int) -> None:
            _keep_created_at(model)
            for rows in _batches(_places(world, model, count), make):
                after(model.objects.bulk_create(rows))

        return fill

    from ops.models import Endpoint, Operation, RegisteredModel, Run

    return {
        "jobs": filler(Run, lambda *given: _run(world.person, *given), _measure_runs),
        "models": filler(RegisteredModel, _model, lambda rows: _add_versions(world.person, rows)),
        "endpoints": filler(Endpoint, _endpoint, _deploy),
        "operations": filler(Operation, lambda *given: _operation(world.person, *given), lambda rows: None),
    }


def _places(world: World, model: Any, count: int) -> Iterator[tuple[Any, int, datetime]]:
    """Where each missing row is made, its number, and when it was made: one a minute, the newest a minute ago."""
    from django.utils import timezone

    now = timezone.now()
    first = model.objects.exclude(workspace=world.foreign).count()
    for number in range(first, count):
        yield world.workspaces[number % 2], number, now - timedelta(minutes=count - number)
    last = int(count * STRANGERS)
    for number in range(int(first * STRANGERS), last):
        yield world.foreign, number, now - timedelta(seconds=last - number)


def _batches(places: Iterable[tuple[Any, int, datetime]], make: Callable[..., Any]) -> Iterator[list[Any]]:
    rows: list[Any] = []
    for place in places:
        rows.append(make(*place))
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _keep_created_at(model: Any) -> None:
    """In this process a row keeps the time it is given."""
    model._meta.get_field("created_at").auto_now_add = False


def _run(person: Any, workspace: Any, number: int, at: datetime) -> Any:
    from ops.models import Run

    status = next((word for word, often in EVERY_SO_MANY.items() if number % often == often - 1), "Completed")
    return Run(
        workspace=workspace,
        name=f"mnist-keras-{number:06d}",
        display_name=f"Digits {number}" if number % 2 else "",
        experiment="mnist-lenet",
        spec=_spec(number),
        main_metric="val_accuracy",
        compute="cpu-cluster",
        status=status,
        is_final=status != "Running",
        requested_by=person,
        created_at=at,
        started_at=at + timedelta(seconds=20),
        ended_at=None if status == "Running" else at + timedelta(seconds=320),
    )


def _spec(number: int) -> dict[str, Any]:
    from ops.job_specs import EnvironmentSpec, InputSpec, JobSpec, MakesSpec, Source

    answers = {"epochs": 6, "batch_size": 64, "learning_rate": 0.001, "seed": number}
    conda = "".join(f"  - package-number-{line}==1.{line}\n" for line in range(SPEC_LINES))
    return JobSpec(
        source=Source("recipe", "mnist-keras", "MNIST with Keras", answers),
        experiment="mnist-lenet",
        command=" ".join(["python train.py", *(f"--{name} ${{{{inputs.{name}}}}}" for name in answers)]),
        code="0" * 64,
        environment=EnvironmentSpec("mnist", "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", conda),
        compute="cpu-cluster",
        inputs={name: InputSpec("literal", value) for name, value in answers.items()},
        makes=MakesSpec("model", "samples", "mnist-lenet", "val_accuracy"),
    ).as_json()


def _measure_runs(runs: list[Any]) -> None:
    from ops.models import MetricSeries

    keys = ("loss", "val_accuracy")
    MetricSeries.objects.bulk_create(MetricSeries(run=run, key=key, last_value=0.9871) for run in runs for key in keys)


def _model(workspace: Any, number: int, at: datetime) -> Any:
    from ops.models import RegisteredModel

    given = {"description": "Digits", "created_at": at, "newest_at": at}
    return RegisteredModel(workspace=workspace, name=f"model-{number:06d}", **given)


def _add_versions(person: Any, rows: list[Any]) -> None:
    from ops.models import ModelVersion

    _keep_created_at(ModelVersion)
    given = {"state": "ready", "main_metric": "val_accuracy", "metrics": {"val_accuracy": 0.9871}}
    ModelVersion.objects.bulk_create(
        ModelVersion(registered_model=row, version=number, requested_by=person, created_at=row.created_at, **given)
        for row in rows
        for number in ("1", "2")
    )


def _endpoint(workspace: Any, number: int, at: datetime) -> Any:
    from ops.models import Endpoint

    return Endpoint(workspace=workspace, name=f"digits-{number:06d}", state="ready", is_ours=True, created_at=at)


def _deploy(rows: list[Any]) -> None:
    from ops.models import Deployment, ModelVersion

    version = ModelVersion.objects.first()
    Deployment.objects.bulk_create(
        Deployment(endpoint=row, name=name, state="ready", model_version=version, traffic=traffic)
        for row in rows
        for name, traffic in (("blue", 90), ("green", 10))
    )


def _operation(person: Any, workspace: Any, number: int, at: datetime) -> Any:
    from ops.models import Operation
    from ops.opening import columns_about

    return Operation(
        kind="test_connection",
        **columns_about(workspace),
        lock_key=f"bench:{workspace.pk}:{number}",
        requested_by=person,
        deadline_at=at,
        created_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=4),
        state="succeeded" if number % 100 else "failed",
    )
