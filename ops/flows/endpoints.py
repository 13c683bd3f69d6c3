"""Makes the endpoint that a deployment needs, unless it is there and ours. Taking one away: ``ops.flows.deletions``."""

from django.db import IntegrityError, transaction
from django.db.models import Q

from ops import targets
from ops.azure import endpoints
from ops.azure.connections import Connection
from ops.azure.errors import AzureConflict, AzureError, AzureNotFound, AzureRejected
from ops.azure.facts import EndpointFacts
from ops.engine.steps import Next, Wait
from ops.errors import NameTaken, OpsError
from ops.flows import polls, tags
from ops.models import Endpoint, Operation, ServingState
from ops.recording import keys, serving

NAME_TAKEN = "endpoint:name_taken"


def ensure_endpoint(operation: Operation, azure: Connection) -> Next | Wait:
    endpoint = targets.endpoint(operation)
    _reopen(endpoint)
    facts = find_endpoint(azure, endpoint.name)
    if facts and not tags.are_of_any(Operation.objects.locking(endpoint.lock_key), facts.tags):
        raise NameTaken(NAME_TAKEN, name=endpoint.name)
    if facts and facts.state == "deleting":
        return Wait(polls.LONGEST_SECONDS / 10, "phase:endpoint_leaving")
    if facts and (facts.state != "failed" or tags.are_of(operation, facts.tags)):
        return Next()
    try:
        url = endpoints.begin_create(azure, endpoint.name, keys.KEY, tags.of(operation), "")
    except (AzureConflict, AzureRejected) as error:
        if _says_taken(error):
            raise NameTaken(NAME_TAKEN, name=endpoint.name) from error
        raise
    return Next(poll_url=url)


def await_endpoint(operation: Operation, azure: Connection) -> Next | Wait:
    wait = polls.look(operation, azure, "phase:endpoint_starting")
    if wait:
        return wait
    endpoint = targets.endpoint(operation)
    facts = endpoints.get(azure, endpoint.name)
    if facts.state in ("creating", "updating"):
        return polls.again(None, "phase:endpoint_starting")
    serving.note_endpoint(endpoint, facts)
    if facts.state != "ready":
        raise OpsError("endpoint:failed", name=endpoint.name, azure_code=facts.state, message="")
    return Next()


def find_endpoint(azure: Connection, name: str) -> EndpointFacts | None:
    try:
        return endpoints.get(azure, name)
    except AzureNotFound:
        return None


def _reopen(endpoint: Endpoint) -> None:
    """A retry of a deployment whose endpoint was given up takes the row up again, unless the name has a new row."""
    try:
        with transaction.atomic():
            given_up = Q(gone_at__isnull=False) | Q(arm_id="", state=ServingState.FAILED)
            Endpoint.objects.filter(given_up, pk=endpoint.pk).update(
                gone_at=None, arm_id="", state=ServingState.CREATING, error_code="", error_params={}
            )
    except IntegrityError as error:
        raise NameTaken("endpoint:not_ours", name=endpoint.name) from error


def _says_taken(error: AzureError) -> bool:
    """Endpoint names are unique in a region; Azure's codes for a taken one differ, its sentence does not."""
    said = f"{error.code} {error.message}".lower()
    return any(
        words in said for words in ("already in use", "already taken", "already exists", "nametaken", "not available")
    )
