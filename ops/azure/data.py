"""Data assets that we make: one folder, one version. Lists of data and their contents are not offered yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.azure import sdk, words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureNotFound


@translate()
def upload(connection: Connection, name: str, version: str, folder: Path, tags: Mapping[str, str]) -> str:
    """The ARM id of that data asset version, a uri_folder that a job can mount; uploads the folder if there is none.

    A version never changes once it is there: make it of the content's hash. One call when it exists.
    """
    found = find(connection, name, version)
    if found:
        return found
    sdk.load()
    from azure.ai.ml.entities import Data

    data = Data(name=name, version=version, path=str(folder.resolve()), type="uri_folder", tags=dict(tags))
    return words.text(connection.ml.data.create_or_update(data).id)


def find(connection: Connection, name: str, version: str) -> str:
    """The ARM id of a data asset version, "" when there is none."""
    try:
        with translate():
            return words.text(connection.ml.data.get(name, version).id)
    except AzureNotFound:
        return ""
