"""Looks once at a long-running operation that a step began in Azure, and says when to look again."""

from ops.azure import rest
from ops.azure.connections import Connection
from ops.azure.errors import AzureFailed, AzureNotFound
from ops.engine.steps import Wait
from ops.models import Operation

SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 30.0


def look(operation: Operation, azure: Connection, phase: str) -> Wait | None:
    """Wait while ``operation.azure_poll_url`` is running; None when it is done, or when there is none to ask.

    Raises AzureFailed with Azure's own code and message when what was begun has failed or was cancelled there.
    """
    if not operation.azure_poll_url:
        return None
    try:
        poll = rest.poll(azure, operation.azure_poll_url)
    except AzureNotFound:
        return None
    if poll.status == "running":
        return again(poll.retry_after_seconds, phase)
    if poll.status == "succeeded":
        return None
    raise AzureFailed(poll.error_code or poll.status, poll.error_message)


def again(seconds: float | None, phase: str) -> Wait:
    """Wait as long as Azure asked for, at most half a minute: a long Retry-After of a poll is a wish, not a refusal."""
    return Wait(min(LONGEST_SECONDS, max(SHORTEST_SECONDS, seconds or SHORTEST_SECONDS)), phase)
