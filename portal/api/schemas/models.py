"""Registered models and their versions."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema

from ops.models import ModelVersion, RegisteredModel, Sample
from portal.api.schemas.common import EXAMPLE_TIME, Given, Problem, described
from portal.api.schemas.operations import OperationDetail


class VersionIn(Given):
    """A version to register."""

    job: str = described("Id of a job that is Completed.", "k3x9m2ab7q", max_length=16)
    name: str = described("Name of the model; the recipe's own when left out.", "mnist-keras", "", max_length=255)


class VersionOut(Schema):
    """A version of a registered model."""

    id: str = described("Opaque id.", "v4d8s2nw6e")
    name: str = described("Name of the model.", "mnist-keras")
    version: str = described("Number in the registry; a provisional name while it is being registered.", "3")
    state: str = described("registering, ready or failed.", "ready")
    metrics: dict[str, float | None] = described("The job's last values.", {"val_accuracy": 0.984})
    main_metric: str = described("The metric by which versions are compared.", "val_accuracy")
    goal: str = described("maximize or minimize: which values of the main metric are better.", "maximize")
    job: str = described("Id of the job that made it; empty for one made elsewhere.", "k3x9m2ab7q")
    created_at: datetime = described("When it was made.", EXAMPLE_TIME)
    url: str = described("Its page in the portal.", "/models/versions/v4d8s2nw6e/")


class ModelOut(Schema):
    """A named line of versions."""

    id: str = described("Opaque id.", "m2r7t9bz5c")
    name: str = described("Name in the registry.", "mnist-keras")
    workspace: str = described("Id of the workspace.", "w8n3c5dk2p")
    workspace_name: str = described("Name of the workspace.", "local")
    description: str = described("What it is.", "")
    created_at: datetime = described("When the portal first saw it.", EXAMPLE_TIME)
    url: str = described("Its page in the portal.", "/models/m2r7t9bz5c/")
    newest: VersionOut | None = described("The newest version.", None)


class FileOut(Schema):
    """A file of a version that the portal keeps."""

    path: str = described("Path in the model's folder.", "model.json")
    size: int = described("Bytes.", 412)
    url: str = described("Where to download it.", "/api/v1/versions/v4d8s2nw6e/files/model.json")


class SampleOut(Schema):
    """A held-back example input."""

    id: str = described("Opaque id, to be sent to Predict.", "s6f3q8ye4j")
    label: str = described("The answer it should get.", "7")
    url: str = described("Where to download it.", "/api/v1/samples/s6f3q8ye4j")


class VersionDetail(VersionOut):
    """A version with its files, samples and the description of its inputs."""

    kind: str = described("Azure's word for the kind of model.", "custom_model")
    spec: dict[str, Any] = described("The content of model.json.", {"format": "pixels/v1", "width": 28, "height": 28})
    files: list[FileOut]
    samples: list[SampleOut]
    error: Problem | None = described("Why its registration failed.", None)
    operation: OperationDetail | None


def model_out(row: RegisteredModel) -> ModelOut:
    """Return the short form, as in a list; ``newest`` only for a row read through ``queries.models.with_newest``."""
    newest: list[ModelVersion] = getattr(row, "newest", [])
    return ModelOut(
        id=row.public_id,
        name=row.name,
        workspace=row.workspace.public_id,
        workspace_name=row.workspace.name,
        description=row.description,
        created_at=row.created_at,
        url=reverse("models:detail", args=[row.public_id]),
        newest=VersionOut(**_facts(newest[0], row)) if newest else None,
    )


def version_out(row: ModelVersion) -> VersionOut:
    """Return the short form, as in a list."""
    return VersionOut(**_facts(row, row.registered_model))


def version_detail(row: ModelVersion, operation: OperationDetail | None) -> VersionDetail:
    """Return the version with files and samples: two queries."""
    return VersionDetail(
        **_facts(row, row.registered_model),
        kind=row.kind,
        spec=row.spec,
        files=[
            FileOut(path=file.path, size=file.size, url=reverse("api-v1:models_file", args=[row.public_id, file.path]))
            for file in row.files.all()
        ],
        samples=[sample_out(sample) for sample in row.samples.all()],
        error=operation.error if operation else None,
        operation=operation,
    )


def sample_out(sample: Sample) -> SampleOut:
    """Return a sample."""
    url = reverse("api-v1:models_sample", args=[sample.public_id])
    return SampleOut(id=sample.public_id, label=sample.label, url=url)


def _facts(row: ModelVersion, registered: RegisteredModel) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": registered.name,
        "version": row.version,
        "state": row.state,
        "metrics": row.metrics,
        "main_metric": row.main_metric,
        "goal": row.goal,
        "job": row.run.public_id if row.run else "",
        "created_at": row.created_at,
        "url": reverse("models:version", args=[row.public_id]),
    }
