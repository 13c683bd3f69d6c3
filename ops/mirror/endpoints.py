"""Mirrors endpoints and deployments, those made outside the portal too. What an operation is changing is left to it."""

from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ops.azure import deployments, endpoints
from ops.azure.connections import Connection
from ops.azure.errors import AzureError, AzureNotFound
from ops.azure.facts import DeploymentFacts, EndpointFacts
from ops.models import Deployment, Endpoint, ModelVersion, Operation, Workspace
from ops.recording import keys, serving

KEYS_A_ROUND = 3


def sync(workspace: Workspace, azure: Connection) -> None:
    """One list of endpoints, one of each endpoint's deployments. Raises AzureError."""
    began_at = timezone.now()
    listed = [(facts, _deployments(facts, azure)) for facts in endpoints.list_endpoints(azure)]
    for facts, behind in listed:
        with transaction.atomic():
            _write(workspace, facts, behind, began_at)
    names = [facts.name for facts, _ in listed]
    with transaction.atomic():
        known = workspace.endpoints.filter(gone_at=None, created_at__lt=began_at).exclude(arm_id="")
        for row in known.exclude(name__in=names):
            if not _is_busy(row, began_at):
                serving.forget_endpoint(row)
    _fetch_missing_keys(workspace, azure)


def _deployments(facts: EndpointFacts, azure: Connection) -> list[DeploymentFacts]:
    try:
        return deployments.list_deployments(azure, facts.name)
    except AzureNotFound:
        return []


def _write(workspace: Workspace, facts: EndpointFacts, behind: list[DeploymentFacts], began_at: datetime) -> None:
    row = workspace.endpoints.filter(name=facts.name, gone_at=None).first()
    if row is None:
        if facts.state == "deleting" or workspace.endpoints.filter(name=facts.name, gone_at__gt=began_at).exists():
            return
        row = Endpoint.objects.create(workspace=workspace, name=facts.name)
    elif _is_busy(row, began_at):
        return
    _write_deployments(row, behind)
    serving.note_endpoint(row, facts)


def _write_deployments(row: Endpoint, behind: list[DeploymentFacts]) -> None:
    known = {deployment.name: deployment for deployment in row.deployments.filter(gone_at=None)}
    for facts in behind:
        deployment = known.pop(facts.name, None) or Deployment.objects.create(
            endpoint=row, name=facts.name, model_version=_version(row.workspace, facts.model_id)
        )
        serving.note_deployment(deployment, facts)
    for missing in known.values():
        # One that never came to be in Azure stays, with its error, until somebody deletes it.
        if missing.arm_id:
            serving.forget_deployment(missing)


def _is_busy(row: Endpoint, began_at: datetime) -> bool:
    """Whether an operation holds the endpoint, or ended after this list was read."""
    operations = Operation.objects.locking(row.lock_key, row.key_lock_key)
    return operations.filter(Q(finished_at=None) | Q(finished_at__gt=began_at)).exists()


def _version(workspace: Workspace, arm_id: str) -> ModelVersion | None:
    versions = ModelVersion.objects.filter(registered_model__workspace=workspace)
    return versions.filter(arm_id__iexact=arm_id).first() if arm_id else None


def _fetch_missing_keys(workspace: Workspace, azure: Connection) -> None:
    """An endpoint made outside can be predicted on as well, when its keys may be read."""
    keyless = workspace.endpoints.filter(gone_at=None, state="ready", auth_mode=keys.KEY, key_fetched_at=None)
    idle = (row for row in keyless if not Operation.objects.open().locking(row.lock_key, row.key_lock_key).exists())
    for row in islice(idle, KEYS_A_ROUND):
        try:
            keys.fetch(row, azure)
        except AzureError as error:
            if error.retryable:
                raise
            Endpoint.objects.filter(pk=row.pk).update(key_fetched_at=timezone.now())
