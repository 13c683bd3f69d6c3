"""Puts a model version behind an endpoint, step by step. Taking things away: ``ops.flows.deletions``."""

from contextlib import suppress
from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from ops import targets
from ops.azure import codes, deployments, endpoints, environments
from ops.azure.connections import Connection
from ops.azure.errors import AzureConflict, AzureError, AzureFailed, AzureNotFound
from ops.azure.facts import DeploymentFacts, DeploymentSpec
from ops.engine import checkpoints
from ops.engine.steps import Flow, Next, Resume, Step, Wait
from ops.errors import NameTaken, OpsError
from ops.flows import contents, keys, polls, tags, traffic
from ops.flows.endpoints import NAME_TAKEN, await_endpoint, ensure_endpoint
from ops.models import Deployment, Endpoint, Operation, ServingState
from ops.recording import serving

SCORING_SCRIPT = "score.py"
# Any image with conda and pip serves: the inference server itself comes with scoring/entry/conda.yml.
SCORING_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
CONTAINERS: tuple[Literal["storage-initializer", "inference-server"], ...] = ("storage-initializer", "inference-server")
LOG_LINES = 500


def upload_scoring_code(operation: Operation, azure: Connection) -> Next:
    checkpoints.save(operation, code_id=codes.upload(azure, settings.SCORING_ENTRY_DIR))
    return Next()


def ensure_scoring_environment(operation: Operation, azure: Connection) -> Next:
    conda = settings.SCORING_ENTRY_DIR / "conda.yml"
    version = contents.version_of(SCORING_IMAGE, conda.read_bytes())
    found = environments.ensure(azure, "portolan-scoring", version, conda, SCORING_IMAGE, tags.of(operation))
    checkpoints.save(operation, environment_id=found)
    return Next()


def create_deployment(operation: Operation, azure: Connection) -> Next | Wait:
    deployment = targets.deployment(operation)
    _reopen(deployment)
    facts = find_deployment(azure, deployment)
    if facts and not tags.are_of_any(_tries(operation, deployment), facts.tags):
        raise NameTaken("deployment:name_taken", name=deployment.name)
    if facts and facts.state == "deleting":
        return Wait(polls.LONGEST_SECONDS / 10, "phase:deployment_leaving")
    if facts and (facts.state != "failed" or tags.are_of(operation, facts.tags)):
        return Next()
    if facts:
        # Azure never mends a deployment whose first start failed: it goes, and is made anew.
        with suppress(AzureConflict):
            deployments.begin_delete(azure, deployment.endpoint.name, deployment.name)
        return Wait(polls.SHORTEST_SECONDS, "phase:deployment_leaving")
    return Next(poll_url=deployments.begin_create(azure, _spec(operation, deployment)))


def await_deployment(operation: Operation, azure: Connection) -> Next | Wait:
    deployment = targets.deployment(operation)
    try:
        wait = polls.look(operation, azure, "phase:deployment_starting")
        if wait:
            return wait
        facts = deployments.get(azure, deployment.endpoint.name, deployment.name)
        if facts.state in ("creating", "updating"):
            return polls.again(None, "phase:deployment_starting")
        serving.note_deployment(deployment, facts)
        if facts.state != "ready":
            raise AzureFailed("DeploymentFailed", "")
    except AzureFailed as error:
        if error.retryable:
            raise
        _keep_logs(deployment, azure)
        raise OpsError("deployment:failed", azure_code=error.code, message=error.message) from error
    return Next()


def send_first_traffic(operation: Operation, azure: Connection) -> Next | Wait:
    """All requests go to the endpoint's first deployment; a further one waits at 0 until somebody sends it some."""
    deployment = targets.deployment(operation)
    facts = endpoints.get(azure, deployment.endpoint.name)
    if facts.traffic and "split" not in operation.plan:
        return Next()
    split = {deployment.name: 100}
    checkpoints.save(operation, split=split)
    return traffic.begin(azure, facts, split)


def find_deployment(azure: Connection, row: Deployment) -> DeploymentFacts | None:
    try:
        return deployments.get(azure, row.endpoint.name, row.name)
    except AzureNotFound:
        return None


def take_back(operation: Operation, azure: Connection) -> Next | Wait:
    """Delete what was begun; an endpoint made on the way stays, empty: it costs nothing."""
    deployment = targets.deployment(operation)
    facts = find_deployment(azure, deployment)
    if facts is None or not tags.are_of_any(_tries(operation, deployment), facts.tags):
        return Next()
    if facts.state != "deleting":
        try:
            deployments.begin_delete(azure, deployment.endpoint.name, deployment.name)
        except AzureConflict:
            return Wait(polls.LONGEST_SECONDS / 6, "phase:taking_back")
    return Wait(polls.SHORTEST_SECONDS, "phase:taking_back")


def reconcile_deployment(operation: Operation, azure: Connection) -> Resume:
    deployment = targets.deployment(operation)
    facts = find_deployment(azure, deployment)
    is_over = (
        facts and facts.state in ("ready", "failed") and tags.are_of_any(_tries(operation, deployment), facts.tags)
    )
    return Resume(await_deployment if is_over else None)


def deploy_failed(operation: Operation, code: str, params: dict[str, Any]) -> None:
    """A name that is somebody else's leaves no endpoint row: it can be tried again in another workspace."""
    failure = {"state": ServingState.FAILED, "error_code": code, "error_params": params}
    deployment = targets.deployment(operation)
    Deployment.objects.filter(pk=deployment.pk).update(**failure)
    never_made = Endpoint.objects.filter(pk=deployment.endpoint_id, arm_id="")
    if code == NAME_TAKEN:
        never_made.update(gone_at=timezone.now(), **failure)
    else:
        never_made.update(**failure)


def deploy_cancelled(operation: Operation, code: str, params: dict[str, Any]) -> None:
    deployment = targets.deployment(operation)
    Deployment.objects.filter(pk=deployment.pk).update(gone_at=timezone.now(), traffic=0)
    never_made = Endpoint.objects.filter(pk=deployment.endpoint_id, arm_id="")
    never_made.exclude(deployments__gone_at=None).update(gone_at=timezone.now())


def _reopen(deployment: Deployment) -> None:
    """A retry takes the row up again that failed or was given up, unless its name has a new row."""
    given_up = Q(gone_at__isnull=False) | Q(state=ServingState.FAILED)
    try:
        with transaction.atomic():
            Deployment.objects.filter(given_up, pk=deployment.pk).update(
                gone_at=None, state=ServingState.CREATING, error_code="", error_params={}
            )
    except IntegrityError as error:
        raise NameTaken("deployment:name_taken", name=deployment.name) from error


def _tries(operation: Operation, deployment: Deployment) -> QuerySet[Operation]:
    """Return all operations that were to make this very deployment: this one, the one it repeats, and so on."""
    return Operation.objects.about(deployment).filter(kind=operation.kind)


def _spec(operation: Operation, deployment: Deployment) -> DeploymentSpec:
    version = deployment.model_version
    if version is None or not version.arm_id:
        raise OpsError("deployment:version_gone")
    return DeploymentSpec(
        endpoint=deployment.endpoint.name,
        name=deployment.name,
        model_id=version.arm_id,
        code_id=operation.plan["code_id"],
        scoring_script=SCORING_SCRIPT,
        environment_id=operation.plan["environment_id"],
        instance_type=deployment.instance_type,
        instance_count=deployment.instance_count,
        request_timeout_ms=deployment.request_timeout_ms,
        tags=tags.of(operation, model=version.registered_model.name, version=version.version),
    )


def _keep_logs(deployment: Deployment, azure: Connection) -> None:
    """The containers' last lines go with the deployment in Azure: keep a copy. Raises what is worth a retry."""
    parts = []
    for container in CONTAINERS:
        try:
            text = deployments.log(azure, deployment.endpoint.name, deployment.name, container, LOG_LINES)
        except AzureError as error:
            if error.retryable:
                raise
            continue
        if text.strip():
            parts.append(f"=== {container}\n{text.strip()}\n")
    if parts:
        Deployment.objects.filter(pk=deployment.pk).update(log_text="\n".join(parts).replace("\x00", "\ufffd"))


DEPLOY = Flow(
    steps=(
        Step(ensure_endpoint),
        Step(await_endpoint),
        Step(upload_scoring_code),
        Step(ensure_scoring_environment),
        Step(create_deployment),
        Step(await_deployment),
        Step(send_first_traffic),
        Step(traffic.await_traffic),
        Step(keys.fetch_key),
    ),
    on_failed=deploy_failed,
    on_cancelled=deploy_cancelled,
    reconcile=reconcile_deployment,
    undo=take_back,
    no_cancel_from=send_first_traffic,
)
