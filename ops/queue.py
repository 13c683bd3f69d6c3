"""Sends messages to the workers by task *name*. A broker that is down delays work, it never fails a request."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

from ops.models import Mirror, Operation

logger = logging.getLogger(__name__)
MESSAGE_EXPIRES_SECONDS = 60
# How long dispatch leaves a message time to arrive before it sends the operation again.
RESEND_SECONDS = 5


def send(operation: Operation) -> bool:
    """Ask a worker of its cloud to take the next step. False when the broker is down: dispatch sends again."""
    return _send("ops.advance", [operation.pk, operation.turn], operation.workspace.queue)


def send_mirror(mirror: Mirror) -> bool:
    """Ask a worker of the workspace's cloud to read what moved there. False when the broker is down."""
    return _send("ops.mirror", [mirror.workspace_id, mirror.turn], mirror.workspace.queue)


def _send(task: str, arguments: list[int], queue: str) -> bool:
    try:
        current_app.send_task(
            task,
            args=arguments,
            queue=queue,
            expires=MESSAGE_EXPIRES_SECONDS,
            ignore_result=True,
            retry=False,
        )
    except (OperationalError, OSError) as error:
        logger.warning("%s%s not sent, the queue service does not answer: %s", task, tuple(arguments), error)
        return False
    return True
