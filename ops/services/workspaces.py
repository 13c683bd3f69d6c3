"""Registers workspaces for a team, tests their connection, and lets them go."""

import re

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Team, User
from ops import events, opening
from ops.errors import InvalidParameter
from ops.models import Credential, Event, Mirror, Operation, Workspace
from ops.services import credentials

# Microsoft's naming rules for Azure resources: workspace 3-33, resource group up to 90 characters.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}")
GROUP = re.compile(r"[\w.()-]{0,89}[\w()-]")
SUBSCRIPTION = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def register(
    *,
    team: Team,
    by: User,
    cloud: str,
    subscription_id: str,
    resource_group: str,
    name: str,
    credential: Credential,
    replaces: Workspace | None = None,
) -> Operation:
    """A workspace row of the team and the operation that looks it up in Azure.

    ``replaces`` is a registration that failed and is corrected by this one: it is let go. Raises InvalidParameter for a
    value that breaks Azure's naming rules, a cloud without workers, a credential of another kind, the host's identity
    where no site admin allowed it, or a workspace that the team has already. Whether another team has it is known, and
    told, only after it was reached.
    """
    for field, value, rule in (
        ("subscription_id", subscription_id, SUBSCRIPTION),
        ("resource_group", resource_group, GROUP),
        ("name", name, NAME),
    ):
        if not rule.fullmatch(value):
            raise InvalidParameter(f"workspace:bad_{field}", field=field)
    if cloud not in settings.CLOUDS:
        raise InvalidParameter("workspace:cloud_off", field="cloud", cloud=cloud)
    if not credentials.are_allowed_together(cloud, credential.kind):
        raise InvalidParameter("workspace:wrong_credential", field="credential")
    if credential.is_of_host and not team.may_use_host_identity:
        raise InvalidParameter("credential:host_identity_not_allowed", field="credential")
    try:
        with transaction.atomic():
            if replaces is not None and replaces.is_correctable:
                unregister(replaces, by)
            workspace = Workspace.objects.create(
                team=team,
                credential=credential,
                cloud=cloud,
                subscription_id=subscription_id,
                resource_group=resource_group,
                name=name,
            )
            Mirror.objects.create(workspace=workspace)
            return _check(workspace, by, Operation.Kind.REGISTER_WORKSPACE)
    except IntegrityError:
        raise InvalidParameter("workspace:registered_here", field="name", name=name) from None


def test(workspace: Workspace, by: User) -> Operation:
    """Look the workspace up again. Raises OperationInProgress while a look-up is under way."""
    with transaction.atomic():
        return _check(workspace, by, Operation.Kind.TEST_CONNECTION)


def unregister(workspace: Workspace, by: User) -> None:
    """Let the workspace go: our rows stay as history, nothing in Azure is touched.

    Raises OperationInProgress while an operation is open in the workspace.
    """
    with transaction.atomic():
        holder = workspace.operations.filter(finished_at=None).select_related("requested_by").first()
        if holder:
            raise opening.in_progress("workspace:has_open_operation", holder)
        registered = Workspace.objects.filter(pk=workspace.pk, unregistered_at=None)
        if registered.update(unregistered_at=timezone.now()):
            events.record(workspace, Event.Verb.UNREGISTERED, by=by)
        Mirror.objects.filter(workspace=workspace).update(next_at=None)


def _check(workspace: Workspace, by: User, kind: Operation.Kind) -> Operation:
    return opening.open_operation(kind, workspace, by=by)
