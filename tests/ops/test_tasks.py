"""Real Celery workers on a real Valkey: an operation's way through them, and kill -9 on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.ids import new_public_id
from ops import queue
from ops.azure import environments as azure_environments
from ops.azure import jobs as azure_jobs
from ops.azure.facts import JobRequest
from ops.models import Heartbeat, Mirror, Operation, Run
from ops.services import runs, workspaces
from portal.celery import app
from tests.amlocal_server import ROOT
from tests.ops.brokers import Broker, pointed_at
from tests.ops.conftest import amlocal_server, azure, connected, puts, wait_until  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Operation.State


class Worker:
    """A worker of both queues on this test's database, in a process group of its own."""

    def __init__(self, home, environment: dict[str, str]) -> None:
        self.log = home / "worker.txt"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Worker:
        words = ["--queues", "portal,cloud.local", "--concurrency", "2", "--loglevel", "INFO"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--app", "portal.celery", "worker", *words, *quiet],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: b" ready." in self.log.read_bytes()[begin:], 40)
        return self

    def kill(self) -> None:
        """kill -9 for the worker and every process of its pool."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def broker(azure):  # noqa: F811
    broker = Broker().start()
    with pointed_at(broker.url):
        yield broker
    broker.remove()


@pytest.fixture
def worker(broker, azure, tmp_path):  # noqa: F811
    """Not started yet. It finds this test's database, keys and files where a portal keeps them."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "portal.sqlite3").symlink_to(connection.settings_dict["NAME"])
    for name in ("keys", "files"):
        (settings.PORTAL_HOME / name).mkdir(exist_ok=True)
        (home / name).symlink_to(settings.PORTAL_HOME / name)
    worker = Worker(home, os.environ | azure.env | {"PORTAL_HOME": str(home), "REDIS_URL": broker.url})
    yield worker
    worker.kill()


@pytest.fixture
def submit(workspace, alice):
    def make() -> Operation:
        parameters = {"epochs": 1, "batch_size": 64, "learning_rate": 0.001, "seed": 1, "train_limit": 10}
        return runs.submit(
            workspace=workspace, by=alice, recipe="mnist-keras", parameters=parameters, compute="cpu-cluster"
        )

    return make


def ended(operation: Operation) -> bool:
    operation.refresh_from_db()
    return operation.is_final


def let_the_lease_run_out() -> None:
    """A minute passes."""
    past = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(lease_until__isnull=False).update(lease_until=past)


def dispatch() -> None:
    app.send_task("ops.dispatch", queue="portal")


def test_a_click_goes_through_the_worker_to_azure_without_beat(worker, submit, azure, alice):  # noqa: F811
    worker.start()
    operation = submit()
    wait_until(lambda: ended(operation), 30)
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert len(puts(azure, f"/jobs/{operation.target.name}$")) == 1
    cancelled = runs.cancel(operation.target, alice)
    wait_until(lambda: ended(cancelled), 30)
    wait_until(lambda: Run.objects.get(pk=operation.target.pk).is_final, 30)


@pytest.mark.extended
def test_a_worker_killed_while_azure_makes_the_job_makes_no_second_one(worker, submit, azure, alice):  # noqa: F811
    worker.start()
    azure.fault(method="PUT", path="/jobs/", delay=2)
    operation = submit()
    wait_until(lambda: azure.faults() == [], 30)
    worker.kill()
    time.sleep(2.5)
    operation.refresh_from_db()
    assert (operation.step, operation.state) == ("create_job", State.RUNNING)
    assert operation.lease_until is not None
    worker.start()
    let_the_lease_run_out()
    dispatch()
    wait_until(lambda: ended(operation), 30)
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert len(azure.requests("PUT", f"/jobs/{operation.target.name}$")) == 1
    runs.cancel(operation.target, alice)


@pytest.mark.extended
def test_a_worker_killed_at_any_moment_of_a_submission_makes_each_thing_once(worker, submit, azure, alice):  # noqa: F811
    operation = submit()
    for pause in (0.0, 0.15, 0.3, 0.45):
        worker.start()
        let_the_lease_run_out()
        Operation.objects.filter(finished_at=None).update(next_try_at=timezone.now())
        dispatch()
        time.sleep(pause)
        worker.kill()
    worker.start()
    let_the_lease_run_out()
    Operation.objects.filter(finished_at=None).update(next_try_at=timezone.now())
    dispatch()
    wait_until(lambda: ended(operation), 30)
    assert (operation.state, operation.error_code) == (State.SUCCEEDED, "")
    assert len(puts(azure, f"/jobs/{operation.target.name}$")) == 1
    assert len(puts(azure, "/environments/portolan-mnist-keras/versions/")) <= 1
    runs.cancel(operation.target, alice)


def test_a_message_that_was_lost_is_sent_again(worker, broker, workspace, alice):
    operation = workspaces.test(workspace, alice)
    broker.clear()
    worker.start()
    Operation.objects.update(next_try_at=timezone.now())
    dispatch()
    wait_until(lambda: ended(operation), 30)
    assert operation.state == State.SUCCEEDED


def test_an_operation_asked_for_while_the_broker_is_down_is_carried_out_later(worker, broker, workspace, alice):
    worker.start()
    broker.stop()
    operation = workspaces.test(workspace, alice)
    assert operation.state == State.QUEUED
    broker.start()
    Operation.objects.update(next_try_at=timezone.now())
    dispatch()
    wait_until(lambda: ended(operation), 60)
    assert operation.state == State.SUCCEEDED


def test_the_mirrors_chain_goes_on_by_itself(worker, workspace, azure):  # noqa: F811
    conda = settings.RECIPES_DIR / "mnist-keras" / "conda.yml"
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
    environment = azure_environments.ensure(connected(workspace), f"plain-{new_public_id()}", "1", conda, image, {})
    name = f"outside-{new_public_id()}"
    command = (
        "python -c \"import time; [(print('tick', n, time.time(), flush=True), time.sleep(1)) for n in range(6)]\""
    )
    worker.start()
    azure_jobs.create(connected(workspace), JobRequest(name, name, "x", command, "", environment, "cpu-cluster"))
    queue.send_mirror(Mirror.objects.get(workspace=workspace))
    run = wait_until(lambda: Run.objects.filter(name=name).first(), 30)
    seen_while_it_ran: set[int] = set()

    def look() -> bool:
        text = "".join(chunk.text for file in run.log_files.all() for chunk in file.chunks.all())
        run.refresh_from_db()
        if run.status == "Running":
            seen_while_it_ran.add(text.count("tick"))
        return run.is_final

    wait_until(look, 60)
    text = "".join(chunk.text for file in run.log_files.all() for chunk in file.chunks.all())
    assert (run.status, text.count("tick")) == ("Completed", 6)
    # The log grew on the page while the job ran; nobody asked for a round but the chain itself.
    assert len(seen_while_it_ran) > 1


def test_workers_stamp_that_they_live_and_that_the_local_azure_answers(worker):
    worker.start()
    began = timezone.now()
    for name in ("portal", "cloud.local"):
        app.send_task("ops.heartbeat", args=[name], queue=name)
    dispatch()
    names = {"beat", "queue:portal", "queue:cloud.local", "cloud:local"}
    wait_until(lambda: set(Heartbeat.objects.filter(seen_at__gt=began).values_list("name", flat=True)) == names, 20)
