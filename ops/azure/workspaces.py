"""Workspaces: what there is to know before anything else can be done. Registering one here creates nothing in Azure."""

from __future__ import annotations

from ops.azure import words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureNotFound
from ops.azure.facts import WorkspaceFacts


@translate()
def get(connection: Connection) -> WorkspaceFacts:
    """Read the connection's own workspace: one call. Raises AzureNotFound when one of its three names is wrong."""
    found = connection.ml.workspaces.get(connection.target.workspace)
    if found is None:
        raise AzureNotFound("ResourceNotFound", f"There is no workspace {connection.target.workspace}.")
    connection.workspace = WorkspaceFacts(
        arm_id=words.text(found.id),
        name=words.text(found.name),
        location=words.text(found.location),
        mlflow_tracking_uri=words.text(found.mlflow_tracking_uri),
        discovery_url=words.text(found.discovery_url),
        friendly_name=words.text(found.display_name),
    )
    return connection.workspace


def known(connection: Connection) -> WorkspaceFacts:
    """The same, read once for each connection: location and URLs of a workspace do not change."""
    return connection.workspace or get(connection)
