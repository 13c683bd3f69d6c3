"""One amlocal for the session, and operations that are advanced by hand, one step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import Model
from django.utils import timezone

from ops.engine import leases, runner
from ops.engine.registry import FLOWS
from ops.flows import catalogue
from ops.mirror import details, rounds
from ops.models import Mirror, Operation, Run, Workspace
from ops.opening import columns_about
from ops.services import runs
from tests.amlocal_server import AmlocalServer
from tests.portal import factories

catalogue.register_all()
HASTE_SECONDS = 0.1


@pytest.fixture(scope="session")
def amlocal_server(shared_amlocal: AmlocalServer) -> AmlocalServer:
    return shared_amlocal


@pytest.fixture(autouse=True)
def quick_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """amlocal writes a job's last log bytes before its final status: no need to wait for stragglers."""
    monkeypatch.setattr(details, "SETTLE", timedelta(seconds=0.2))


@pytest.fixture
def azure(amlocal_server: AmlocalServer) -> Iterator[AmlocalServer]:
    """The local Azure ML; no fault, pace or recorded request outlives a test, but names do."""
    with amlocal_server.client_environment():
        amlocal_server.forget_requests()
        yield amlocal_server
    amlocal_server.clear_faults()
    amlocal_server.pace("immediate", retry_after=1)


TRAIN = """
import argparse, json, pathlib, time
parser = argparse.ArgumentParser()
parser.add_argument("--lines", type=int, default=3)
parser.add_argument("--seconds", type=float, default=0)
parser.add_argument("--data")
parser.add_argument("--metrics")
given = parser.parse_args()
if given.data:
    print("data:", sorted(path.name for path in pathlib.Path(given.data).iterdir()), flush=True)
if given.metrics:
    import mlflow
    mlflow.start_run()
for number in range(given.lines):
    print(f"line {number} äöü 漢字", flush=True)
    if given.metrics:
        mlflow.log_metrics({given.metrics: 0.5 + number / 10, "loss": 1 / (number + 1)}, step=number)
    time.sleep(given.seconds / max(1, given.lines))
if given.lines == 13:
    raise RuntimeError("thirteen lines are bad luck")
model = pathlib.Path("outputs/model")
model.mkdir(parents=True)
(model / "model.json").write_text(json.dumps({"format": "pixels/v1", "labels": ["a", "b"]}))
(model / "weights.bin").write_bytes(b"w" * 1000)
samples = pathlib.Path("outputs/samples")
samples.mkdir()
(samples / "0-a.png").write_bytes(b"png a")
(samples / "1-b.png").write_bytes(b"png b")
listed = [{"file": "0-a.png", "label": "a"}, {"file": "1-b.png", "label": "b"}]
(samples / "samples.json").write_text(json.dumps(listed))
"""
COMMAND = (
    "python train.py --lines ${{inputs.lines}} --seconds ${{inputs.seconds}}"
    " $[[--metrics ${{inputs.metrics}}]] $[[--data ${{inputs.data}}]]"
)
RECIPE = """
title = "Quick"
experiment = "quick"
command = "COMMAND"
[parameters.lines]
type = "integer"
[parameters.seconds]
type = "number"
[parameters.metrics]
type = "string"
optional = true
[inputs.data]
type = "uri_folder"
optional = true
[environment]
image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
[output]
model = "outputs/model"
samples = "outputs/samples"
registered_name = "quick"
metric = "accuracy"
""".replace("COMMAND", COMMAND)
CONDA = "name: quick\nchannels: [conda-forge]\ndependencies: [python=3.11]\n"
SCORE = """
import json, os
def init():
    if os.path.exists(os.path.join(os.path.dirname(__file__), "broken")):
        raise RuntimeError("this model cannot be loaded: shelf is empty")
def run(data):
    return json.loads(data)
"""


@pytest.fixture
def quick(settings, tmp_path: Path) -> Path:
    """A recipe `quick` that trains in no time, and a scoring script that answers what it is sent."""
    recipe, entry = tmp_path / "recipes" / "quick", tmp_path / "entry"
    recipe.mkdir(parents=True)
    entry.mkdir()
    unique = f"# {tmp_path}\n"
    (recipe / "train.py").write_text(unique + TRAIN)
    (recipe / "recipe.toml").write_text(RECIPE)
    (recipe / "conda.yml").write_text(unique + CONDA)
    (entry / "score.py").write_text(unique + SCORE)
    (entry / "conda.yml").write_text(unique + CONDA)
    settings.RECIPES_DIR, settings.SCORING_ENTRY_DIR = recipe.parent, entry
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path


@pytest.fixture
def submit(workspace, alice, azure, quick) -> Callable[..., Operation]:
    """The operation that sends a quick run; parameters by name."""

    def make(files=None, **parameters) -> Operation:
        return runs.submit(
            workspace=workspace,
            by=alice,
            recipe="quick",
            parameters={"lines": 3, "seconds": 0} | parameters,
            compute="cpu-cluster",
            files=files,
        )

    return make


@pytest.fixture(scope="session")
def finished_jobs() -> dict[str, dict]:
    """Runs that amlocal has completed: a job takes seconds, and most tests only need one that is over."""
    return {}


@pytest.fixture
def completed(submit, workspace, finished_jobs) -> Run:
    """A run that Azure has completed, as the mirror has seen it."""
    if "quick" not in finished_jobs:
        run = complete(finish(submit()).target)
        assert run.status == "Completed", run.error_params
        finished_jobs["quick"] = {name: getattr(run, name) for name in ("name", "arm_id", "status", "is_final")}
        return run
    spec = factories.spec("quick", {"lines": 3, "seconds": 0})
    return Run.objects.create(
        workspace=workspace, spec=spec, experiment="quick", compute="cpu-cluster", **finished_jobs["quick"]
    )


def complete(run: Run) -> Run:
    """Mirror rounds until the run is over."""
    wait_until(lambda: mirror_once(run.workspace) and Run.objects.get(pk=run.pk).is_final)
    run.refresh_from_db()
    return run


def mirror_once(workspace: Workspace) -> Mirror | None:
    turn = Mirror.objects.values_list("turn", flat=True).get(workspace=workspace)
    return rounds.read(workspace.pk, turn)


def wait_until(is_true: Callable[[], object], seconds: float = 60) -> object:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if answer := is_true():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def begin(workspace, alice) -> Callable[..., Operation]:
    """An open operation as a service would make it, without sending a message."""

    def make(kind: str = Operation.Kind.TEST_CONNECTION, target: Model | None = None, **columns: object) -> Operation:
        now = timezone.now()
        given = {
            "lock_key": f"test:{time.monotonic_ns()}",
            "deadline_at": now + timedelta(minutes=10),
            "next_try_at": now + timedelta(seconds=5),
        }
        given |= columns_about(target or workspace) | columns
        return Operation.objects.create(kind=kind, requested_by=alice, **given)

    return make


def advance(operation: Operation, flows=FLOWS) -> Operation | None:
    """One message for the operation's turn as the database has it."""
    turn = Operation.objects.values_list("turn", flat=True).get(pk=operation.pk)
    given_back = runner.advance(operation.pk, turn, flows)
    operation.refresh_from_db()
    return given_back


def finish(operation: Operation, flows=FLOWS, seconds: float = 60) -> Operation:
    """Messages until the operation is over, in more haste than Azure asks for."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        advance(operation, flows)
        if operation.is_final:
            return operation
        wait = (operation.next_try_at - timezone.now()).total_seconds()
        time.sleep(min(HASTE_SECONDS, max(0.0, wait)))
    raise AssertionError(f"{operation} is still in {operation.step} after {seconds} s")


def story(operation: Operation) -> list[tuple[str, ...]]:
    """The operation's events as (verb, state or step or code)."""
    return [
        (event.verb, {"state": event.state, "step": event.step}.get(event.verb) or event.code)
        for event in operation.events.order_by("pk")
    ]


def connected(workspace: Workspace):
    """The very connection that steps get."""
    from ops.engine import clouds

    return clouds.connect(workspace)


def crash_before(operation: Operation, flows=FLOWS) -> None:
    """A worker takes the turn and is killed before the step does anything."""
    operation.refresh_from_db()
    step = flows[operation.kind].named(operation.step)
    assert leases.take(operation, step.name, step.limit_seconds)
    _expire(operation)


def crash_after(operation: Operation, flows=FLOWS) -> None:
    """A worker runs the step and is killed before it gives the turn back: what the step stored stays."""
    operation.refresh_from_db()
    step, url, attempts = flows[operation.kind].named(operation.step).name, operation.azure_poll_url, operation.attempts
    assert advance(operation, flows) is not None
    lost = {"state": Operation.State.RUNNING, "finished_at": None, "error_code": "", "error_params": {}}
    Operation.objects.filter(pk=operation.pk).update(step=step, azure_poll_url=url, attempts=attempts, **lost)
    _expire(operation)


def _expire(operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    operation.refresh_from_db()


def finish_with_crashes(operation: Operation, seconds: float = 120) -> Operation:
    """Kill a worker before and after every step, then let the step run."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        crash_before(operation)
        crash_after(operation)
        advance(operation)
        if operation.is_final:
            return operation
        time.sleep(HASTE_SECONDS)
    raise AssertionError(f"{operation} is still in {operation.step} after {seconds} s")


def puts(azure: AmlocalServer, path: str) -> list[dict]:
    """The PUTs of that path that amlocal carried out."""
    return [entry for entry in azure.requests("PUT", path) if 200 <= entry["status"] < 300]
