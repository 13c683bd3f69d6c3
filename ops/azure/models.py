"""Registered models and their versions. The files of a version that came from a run are read through `artifacts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.azure import sdk, words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.errors import AzureNotFound
from ops.azure.facts import ModelFacts


@translate()
def get(connection: Connection, name: str, version: str) -> ModelFacts:
    """One version. Raises AzureNotFound."""
    return _facts(connection.ml.models.get(name, version))


def next_version(connection: Connection, name: str) -> str:
    """The number Azure would give the next version; "1" for a new name. Nobody is kept from taking it meanwhile."""
    try:
        with translate():
            container = connection.ml.models._model_container_operation.get(name=name, **sdk.scope(connection))
            return words.text(container.properties.next_version)
    except AzureNotFound:
        return "1"


@translate()
def create(
    connection: Connection,
    name: str,
    version: str,
    path: str,
    kind: str,
    description: str,
    tags: Mapping[str, str],
    properties: Mapping[str, str],
) -> ModelFacts:
    """Register files that are in the workspace: `path` such as azureml://jobs/NAME/outputs/artifacts/paths/outputs/model.

    `kind` is custom_model or mlflow_model. PUT overwrites tags of a stranger's version: look with `get` first.
    """
    sdk.load()
    from azure.ai.ml.entities import Model

    model = Model(
        name=name,
        version=version,
        path=path,
        type=kind,
        description=description,
        tags=dict(tags),
        properties=dict(properties),
    )
    return _facts(connection.ml.models.create_or_update(model))


@translate()
def list_models(connection: Connection) -> list[ModelFacts]:
    """Every version of every model, archived ones left out. One call for the names, one for each name."""
    names = [words.text(model.name) for model in connection.ml.models.list()]
    return [_facts(version) for name in names for version in connection.ml.models.list(name)]


def _facts(model: Any) -> ModelFacts:
    made = model.creation_context
    return ModelFacts(
        name=words.text(model.name),
        version=words.text(model.version),
        arm_id=words.text(model.id),
        path=words.text(model.path),
        kind=words.text(model.type),
        tags=words.texts(model.tags),
        properties=words.texts(model.properties),
        created_at=words.time(made.created_at) if made else None,
    )
