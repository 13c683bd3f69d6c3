"""Opens the connection to a workspace's cloud with the identity its team lent."""

from typing import Literal, cast

from ops import vault
from ops.azure import clouds as azure_clouds
from ops.azure import connections
from ops.azure.connections import Connection
from ops.errors import OpsError
from ops.models import Workspace

Kind = Literal["local", "managed_identity", "service_principal", "certificate"]


def connect(workspace: Workspace) -> Connection:
    """Raises AzureError, and OpsError when the secret was encrypted under a lost key or the identity is not allowed."""
    credential = workspace.credential
    if credential.is_of_host and not workspace.team.may_use_host_identity:
        raise OpsError("credential:host_identity_not_allowed")
    identity = connections.Identity(
        kind=cast(Kind, credential.kind),
        tenant_id=credential.tenant_id,
        client_id=credential.client_id,
        secret=vault.decrypt(credential.secret_encrypted),
    )
    target = connections.Target(
        cloud=workspace.cloud,
        subscription_id=workspace.subscription_id,
        resource_group=workspace.resource_group,
        workspace=workspace.name,
    )
    return connections.connect(target, identity)


def preload() -> None:
    """Import the SDK now, 1 to 3 s, so that no step waits for it."""
    connections.preload()


def answers() -> bool:
    """Whether the local cloud answers right now."""
    return azure_clouds.answers()
