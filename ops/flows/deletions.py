"""Takes deployments and endpoints away in Azure; their rows stay as history with ``gone_at``."""

from django.db.models import Q

from ops import targets
from ops.azure import deployments, endpoints
from ops.azure.connections import Connection
from ops.engine.steps import Flow, Next, Resume, Step, Wait
from ops.errors import Refused
from ops.flows import polls
from ops.flows.deployments import find_deployment
from ops.flows.endpoints import find_endpoint
from ops.flows.traffic import await_traffic, begin
from ops.models import Deployment, Endpoint, Operation, ServingState
from ops.recording import serving


def drop_traffic(operation: Operation, azure: Connection) -> Next | Wait:
    """Azure refuses to delete a deployment with traffic. Only the last one may go to 0: the others' sum must be 100."""
    deployment = targets.deployment(operation)
    facts = find_endpoint(azure, deployment.endpoint.name)
    if facts is None or not facts.traffic.get(deployment.name):
        return Next()
    if len(facts.traffic) > 1:
        raise Refused("deployment:has_traffic", percent=facts.traffic[deployment.name])
    return begin(azure, facts, {})


def await_no_traffic(operation: Operation, azure: Connection) -> Next | Wait:
    if find_endpoint(azure, targets.endpoint(operation).name) is None:
        return Next()
    return await_traffic(operation, azure)


def delete_deployment(operation: Operation, azure: Connection) -> Next:
    deployment = targets.deployment(operation)
    facts = find_deployment(azure, deployment)
    if facts is None or facts.state == "deleting":
        return Next()
    url = deployments.begin_delete(azure, deployment.endpoint.name, deployment.name)
    Deployment.objects.filter(pk=deployment.pk).update(state=ServingState.DELETING)
    return Next(poll_url=url)


def await_deployment_gone(operation: Operation, azure: Connection) -> Next | Wait:
    deployment = targets.deployment(operation)
    wait = polls.look(operation, azure, "phase:deleting")
    if wait:
        return wait
    facts = find_deployment(azure, deployment)
    if facts:
        return polls.again(None, "phase:deleting")
    serving.forget_deployment(deployment)
    return Next()


def delete_endpoint(operation: Operation, azure: Connection) -> Next:
    endpoint = targets.endpoint(operation)
    facts = find_endpoint(azure, endpoint.name)
    if facts is None or facts.state == "deleting":
        return Next()
    url = endpoints.begin_delete(azure, endpoint.name)
    Endpoint.objects.filter(pk=endpoint.pk).update(state=ServingState.DELETING)
    endpoint.deployments.filter(~Q(state=ServingState.FAILED), gone_at=None).update(state=ServingState.DELETING)
    return Next(poll_url=url)


def await_endpoint_gone(operation: Operation, azure: Connection) -> Next | Wait:
    endpoint = targets.endpoint(operation)
    wait = polls.look(operation, azure, "phase:deleting")
    if wait:
        return wait
    if find_endpoint(azure, endpoint.name):
        return polls.again(None, "phase:deleting")
    serving.forget_endpoint(endpoint)
    return Next()


def reconcile_deployment_gone(operation: Operation, azure: Connection) -> Resume:
    return Resume(None if find_deployment(azure, targets.deployment(operation)) else await_deployment_gone)


def reconcile_endpoint_gone(operation: Operation, azure: Connection) -> Resume:
    return Resume(None if find_endpoint(azure, targets.endpoint(operation).name) else await_endpoint_gone)


DELETE_DEPLOYMENT = Flow(
    steps=(Step(drop_traffic), Step(await_no_traffic), Step(delete_deployment), Step(await_deployment_gone)),
    reconcile=reconcile_deployment_gone,
    no_cancel_from=await_deployment_gone,
)
DELETE_ENDPOINT = Flow(
    steps=(Step(delete_endpoint), Step(await_endpoint_gone)),
    reconcile=reconcile_endpoint_gone,
    no_cancel_from=await_endpoint_gone,
)
