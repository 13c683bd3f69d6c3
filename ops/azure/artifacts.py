"""The files a run left behind under its default artifacts, as the SDK's own `jobs.download` finds them: blobs in the
workspace's artifact store. Named outputs of a job are not read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ops.azure import sdk
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureRejected
from ops.azure.facts import ArtifactFacts

DATASTORE = "workspaceartifactstore"


@translate()
def list_files(connection: Connection, run_name: str, prefix: str) -> list[ArtifactFacts]:
    """Every file whose path in the run starts with `prefix` ("outputs/model/"); two calls, and one a page."""
    root = _root(run_name)
    blobs = _container(connection).list_blobs(name_starts_with=root + prefix)
    return [ArtifactFacts(blob.name.removeprefix(root), blob.size) for blob in blobs]


@translate()
def download(connection: Connection, run_name: str, path: str, destination: Path, max_bytes: int) -> int:
    """Write one file of a run to `destination`, whole or not at all; its size in bytes.

    Raises AzureNotFound, and AzureRejected with code TooLarge when it has more than `max_bytes`.
    """
    stream = _container(connection).get_blob_client(_root(run_name) + path).download_blob()
    if stream.size > max_bytes:
        raise AzureRejected("TooLarge", f"{path} has {stream.size} bytes, more than {max_bytes}.")
    part = destination.with_name(f"{destination.name}.part")
    try:
        with part.open("wb") as file:
            stream.readinto(file)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
    return int(stream.size)


def _root(run_name: str) -> str:
    return f"ExperimentRun/dcid.{run_name}/"


def _container(connection: Connection) -> Any:
    """The artifact store's container, by account key, SAS or our own identity: whichever the workspace allows."""
    sdk.load()
    from azure.ai.ml._artifacts._artifact_utilities import get_datastore_info
    from azure.ai.ml._utils._storage_utils import get_storage_client

    return get_storage_client(**get_datastore_info(connection.ml.datastores, DATASTORE)).container_client
