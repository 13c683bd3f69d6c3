"""Sends an endpoint's requests to its deployments by a split that Azure carries out."""

from collections.abc import Mapping

from ops import targets
from ops.azure import endpoints
from ops.azure.connections import Connection
from ops.azure.facts import EndpointFacts
from ops.engine.steps import Flow, Next, Resume, Step, Wait
from ops.errors import OpsError
from ops.flows import polls
from ops.models import Operation
from ops.recording import serving


def set_traffic(operation: Operation, azure: Connection) -> Next | Wait:
    endpoint = targets.endpoint(operation)
    facts = endpoints.get(azure, endpoint.name)
    return begin(azure, facts, operation.plan["split"])


def begin(azure: Connection, facts: EndpointFacts, split: Mapping[str, int]) -> Next | Wait:
    """Ask Azure for the split unless it has it already; what it is changing just now may be that very request."""
    if facts.state in ("creating", "updating"):
        return polls.again(None, "phase:traffic_moving")
    if is_carried_out(facts, split):
        return Next()
    return Next(poll_url=endpoints.begin_set_traffic(azure, facts.name, split))


def await_traffic(operation: Operation, azure: Connection) -> Next | Wait:
    wait = polls.look(operation, azure, "phase:traffic_moving")
    if wait:
        return wait
    endpoint = targets.endpoint(operation)
    facts = endpoints.get(azure, endpoint.name)
    if facts.state == "updating":
        return polls.again(None, "phase:traffic_moving")
    serving.note_endpoint(endpoint, facts)
    split = operation.plan.get("split")
    if split is not None and not is_carried_out(facts, split):
        raise OpsError("traffic:differs", asked=_shares(split), found=dict(facts.traffic))
    return Next()


def is_carried_out(facts: EndpointFacts, split: Mapping[str, int]) -> bool:
    return facts.state == "ready" and dict(facts.traffic) == _shares(split)


def reconcile_traffic(operation: Operation, azure: Connection) -> Resume:
    facts = endpoints.get(azure, targets.endpoint(operation).name)
    return Resume(await_traffic if is_carried_out(facts, operation.plan["split"]) else None)


def _shares(split: Mapping[str, int]) -> dict[str, int]:
    return {name: percent for name, percent in split.items() if percent}


SHIFT = Flow(steps=(Step(set_traffic), Step(await_traffic)), reconcile=reconcile_traffic, no_cancel_from=await_traffic)
