"""What workers and beat call: a few lines each around the engine, the mirror and the queue. No rules in here."""

from celery import shared_task

from ops import queue
from ops.engine import heartbeats, runner
from ops.flows import catalogue
from ops.mirror import rounds

catalogue.register_all()

# The backstop behind the steps' own limits, which are exact: the longest step and its lease's margin.
LIMIT_SECONDS = 320


@shared_task(name="ops.advance", time_limit=LIMIT_SECONDS)
def advance(pk: int, turn: int) -> None:
    """Run one step of an operation and send what follows soon."""
    operation = runner.advance(pk, turn)
    if operation:
        queue.send_on(operation)


@shared_task(name="ops.mirror", time_limit=LIMIT_SECONDS)
def mirror(workspace_pk: int, turn: int) -> None:
    """Read what moved in a workspace."""
    row = rounds.read(workspace_pk, turn)
    if row:
        queue.send_mirror_on(row)


@shared_task(name="ops.dispatch")
def dispatch() -> None:
    """The database's timer, called by beat."""
    heartbeats.stamp("beat")
    queue.send_due()


@shared_task(name="ops.heartbeat")
def heartbeat(queue_name: str) -> None:
    """A worker of the queue is alive, and what it speaks to answers."""
    heartbeats.stamp(f"queue:{queue_name}")
    heartbeats.stamp_cloud(queue_name)
