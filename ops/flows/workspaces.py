"""Looks a registered workspace up in Azure: is it there, may we, where is it, what can it compute on."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from ops import targets
from ops.azure import workspaces
from ops.azure.connections import Connection
from ops.azure.errors import AzureDenied, AzureNotFound
from ops.engine.steps import Flow, Next, Step
from ops.errors import OpsError
from ops.models import Mirror, Operation, Workspace
from ops.recording import computes

# A person waits for this answer: say soon that nobody answers.
ATTEMPTS = 3


def read_workspace(operation: Operation, azure: Connection) -> Next:
    workspace = targets.workspace(operation)
    try:
        facts = workspaces.get(azure)
    except AzureNotFound as error:
        group, subscription = workspace.resource_group, workspace.subscription_id
        raise OpsError("workspace:not_found", name=workspace.name, group=group, subscription=subscription) from error
    except AzureDenied as error:
        raise OpsError("workspace:denied", azure_code=error.code, message=error.message) from error
    Workspace.objects.filter(pk=workspace.pk).update(arm_id=facts.arm_id, location=facts.location)
    return Next()


def read_computes(operation: Operation, azure: Connection) -> Next:
    workspace = targets.workspace(operation)
    computes.sync(workspace, azure)
    now = timezone.now()
    ready = {"state": Workspace.State.READY, "error_code": "", "error_params": {}, "checked_at": now}
    try:
        with transaction.atomic():
            Workspace.objects.filter(pk=workspace.pk).update(**ready, reached_at=Coalesce("reached_at", now))
    except IntegrityError:
        raise OpsError("workspace:taken", name=workspace.name) from None
    Mirror.objects.filter(workspace=workspace, workspace__unregistered_at=None).update(next_at=timezone.now())
    return Next()


def look_up_failed(operation: Operation, code: str, params: dict[str, Any]) -> None:
    Workspace.objects.filter(pk=operation.target_id).update(
        state=Workspace.State.FAILED, error_code=code, error_params=params, checked_at=timezone.now()
    )


def look_up_cancelled(operation: Operation, code: str, params: dict[str, Any]) -> None:
    """A workspace that never answered is not ready; one that did before still is."""
    never = Workspace.objects.filter(pk=operation.target_id, state=Workspace.State.REGISTERING)
    never.update(state=Workspace.State.FAILED, error_code="workspace:not_checked", error_params={})


LOOK_UP = Flow(
    steps=(Step(read_workspace), Step(read_computes)),
    on_failed=look_up_failed,
    on_cancelled=look_up_cancelled,
    attempts=ATTEMPTS,
)
