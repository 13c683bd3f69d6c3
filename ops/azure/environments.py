"""Environments that we make: an image and a conda file. Azure builds one when a job or deployment first needs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.azure import sdk, words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureNotFound


@translate()
def ensure(
    connection: Connection, name: str, version: str, conda_file: Path, image: str, tags: Mapping[str, str]
) -> str:
    """The ARM id of that environment version, made if there is none; make `version` of the content's hash."""
    found = find(connection, name, version)
    if found:
        return found
    sdk.load()
    from azure.ai.ml.entities import Environment

    environment = Environment(
        name=name, version=version, image=image, conda_file=str(conda_file.resolve()), tags=dict(tags)
    )
    return words.text(connection.ml.environments.create_or_update(environment).id)


def find(connection: Connection, name: str, version: str) -> str:
    """The ARM id of an environment version, "" when there is none."""
    try:
        with translate():
            return words.text(connection.ml.environments.get(name, version).id)
    except AzureNotFound:
        return ""
