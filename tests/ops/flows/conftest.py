"""One amlocal for the session, and operations that are advanced by hand, one step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from ops.flows import catalogue, engine
from ops.models import Operation, Workspace
from tests.amlocal_server import AmlocalServer


@pytest.fixture(scope="session")
def amlocal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmlocalServer]:
    server = AmlocalServer(tmp_path_factory.mktemp("amlocal"))
    server.start()
    with server.client_environment():
        yield server
    server.stop()


@pytest.fixture
def azure(amlocal_server: AmlocalServer) -> Iterator[AmlocalServer]:
    """The local Azure ML, empty, without faults, answering at once."""
    amlocal_server.reset()
    amlocal_server.clear_faults()
    amlocal_server.pace("immediate", retry_after=1)
    amlocal_server.forget_requests()
    yield amlocal_server


@pytest.fixture
def begin(workspace, alice) -> Callable[..., Operation]:
    """An open operation as a service would make it, without sending a message."""

    def make(kind: str = Operation.Kind.TEST_CONNECTION, **columns: object) -> Operation:
        now = timezone.now()
        given = {"lock_key": f"test:{time.monotonic_ns()}", "deadline_at": now + timedelta(minutes=10)} | columns
        return Operation.objects.create(
            kind=kind, workspace=workspace, requested_by=alice, next_try_at=now + timedelta(seconds=5), **given
        )

    return make


def advance(operation: Operation, flows=catalogue.FLOWS) -> Operation | None:
    """One message for the operation's turn as the database has it."""
    turn = Operation.objects.values_list("turn", flat=True).get(pk=operation.pk)
    given_back = engine.advance(operation.pk, turn, flows)
    operation.refresh_from_db()
    return given_back


def finish(operation: Operation, flows=catalogue.FLOWS, seconds: float = 60) -> Operation:
    """Messages until the operation is over, each when it is due but at most half a second late."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        advance(operation, flows)
        if operation.is_final:
            return operation
        wait = (operation.next_try_at - timezone.now()).total_seconds()
        time.sleep(min(0.5, max(0.0, wait)))
    raise AssertionError(f"{operation} is still in {operation.step} after {seconds} s")


def story(operation: Operation) -> list[tuple[str, ...]]:
    """The operation's events as (kind, state or step or code)."""
    return [
        (event.kind, {"state": event.state, "step": event.step}.get(event.kind) or event.code)
        for event in operation.events.order_by("pk")
    ]


def connected(workspace: Workspace):
    """The very connection that steps get."""
    from ops.flows import clouds

    return clouds.connect(workspace)
