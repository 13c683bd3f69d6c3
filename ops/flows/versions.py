"""Makes a model version of a finished run's files, and keeps its spec, samples and small weights here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from ops import targets
from ops.azure import artifacts, models, rest
from ops.azure.connections import Connection
from ops.azure.errors import AzureNotFound
from ops.azure.facts import ModelFacts
from ops.engine import checkpoints
from ops.engine.steps import Flow, Next, Resume, Step, Wait
from ops.errors import OpsError
from ops.flows import tags
from ops.models import ModelVersion, Operation, Run, Sample, VersionFile

SPEC = "model.json"
MLFLOW_MARK = "MLmodel"
KEPT_BYTES = 64 * 1024 * 1024
KEPT_FILES = 200
SPEC_BYTES = 1024 * 1024
SAMPLES = 20
SAMPLE_BYTES = 1024 * 1024
# azure-limits: 50 properties; two are left for our own.
MOST_PROPERTIES = 48
DOWNLOAD_LIMIT_SECONDS = 180


def read_metrics(operation: Operation, azure: Connection) -> Next:
    """The run's last values go with the version; the mirror may not have seen the very last ones yet."""
    run, version = targets.run(operation), targets.version(operation)
    last = rest.search_metrics(azure, [run.name]).get(run.name, {})
    values = {key: found.value for key, found in last.items() if found.value is not None}
    state = ModelVersion.State.REGISTERING
    ModelVersion.objects.filter(pk=version.pk).update(metrics=version.metrics | values, state=state)
    return Next()


def fetch_spec(operation: Operation, azure: Connection) -> Next:
    run, version, folder = targets.run(operation), targets.version(operation), _folder(operation, "model_path")
    found = {file.path: file.size for file in artifacts.list_files(azure, run.name, folder)}
    if not found:
        raise OpsError("version:no_files", path=folder)
    spec: Any = {}
    if folder + SPEC in found:
        try:
            spec = json.loads(_read(azure, run, folder + SPEC, SPEC_BYTES))
        except ValueError as error:
            raise OpsError("version:bad_spec", file=SPEC, message=str(error)) from error
    kind = "mlflow_model" if folder + MLFLOW_MARK in found else "custom_model"
    ModelVersion.objects.filter(pk=version.pk).update(spec=spec, kind=kind)
    return Next()


def create_version(operation: Operation, azure: Connection) -> Next | Wait:
    version = targets.version(operation)
    number = operation.plan.get("version") or _choose(operation, version, azure)
    facts = find(azure, version.registered_model.name, number)
    if facts and not tags.are_of_any(Operation.objects.about(version), facts.tags):
        checkpoints.save(operation, version="")
        return Wait(0, "phase:number_taken")
    if facts is None:
        facts = _create(operation, version, number, azure)
    ModelVersion.objects.filter(pk=version.pk).update(
        arm_id=facts.arm_id, path=facts.path, kind=facts.kind, tags=dict(facts.tags), seen_at=timezone.now()
    )
    return Next()


def fetch_samples(operation: Operation, azure: Connection) -> Next:
    """Rows are made in the order of samples.json, so a second run goes on after those that are there."""
    if not operation.plan.get("samples_path"):
        return Next()
    run, version, folder = targets.run(operation), targets.version(operation), _folder(operation, "samples_path")
    found = {file.path: file.size for file in artifacts.list_files(azure, run.name, folder)}
    if folder + "samples.json" not in found:
        return Next()
    listed = json.loads(_read(azure, run, folder + "samples.json", SPEC_BYTES))
    usable = [each for each in listed if found.get(folder + each["file"], SAMPLE_BYTES + 1) <= SAMPLE_BYTES]
    for each in usable[version.samples.count() : SAMPLES]:

        def keep(file: File[bytes], label: str = str(each["label"])) -> None:
            Sample.objects.create(model_version=version, label=label[:120], file=file)

        _fetch(azure, run, folder + each["file"], SAMPLE_BYTES, keep)
    return Next()


def fetch_files(operation: Operation, azure: Connection) -> Next:
    """The smallest files first, as many as fit: large weights stay with Azure alone."""
    run, version, folder = targets.run(operation), targets.version(operation), _folder(operation, "model_path")
    left = KEPT_BYTES
    for found in sorted(artifacts.list_files(azure, run.name, folder), key=lambda file: file.size)[:KEPT_FILES]:
        left -= found.size
        path = found.path.removeprefix(folder)
        if left < 0 or version.files.filter(path=path).exists():
            continue

        def keep(file: File[bytes], path: str = path, size: int = found.size) -> None:
            VersionFile.objects.create(model_version=version, path=path, file=file, size=size)

        _fetch(azure, run, found.path, KEPT_BYTES, keep)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.READY)
    return Next()


def find(azure: Connection, name: str, number: str) -> ModelFacts | None:
    try:
        return models.get(azure, name, number)
    except AzureNotFound:
        return None


def reconcile_version(operation: Operation, azure: Connection) -> Resume:
    version, number = targets.version(operation), operation.plan.get("version")
    facts = find(azure, version.registered_model.name, number) if number else None
    is_ours = facts and tags.are_of_any(Operation.objects.about(version), facts.tags)
    return Resume(create_version if is_ours else None)


def version_failed(operation: Operation, code: str, params: dict[str, Any]) -> None:
    unready = ModelVersion.objects.filter(pk=operation.target_id).exclude(state=ModelVersion.State.READY)
    unready.update(state=ModelVersion.State.FAILED)


def _choose(operation: Operation, version: ModelVersion, azure: Connection) -> str:
    """The next number of the line, kept in plan and row before Azure hears of it."""
    number = models.next_version(azure, version.registered_model.name)
    others = version.registered_model.versions.exclude(pk=version.pk)
    while others.filter(version=number).exists():
        if not number.isdecimal():
            raise OpsError("version:no_number", name=version.registered_model.name, number=number)
        number = str(int(number) + 1)
    checkpoints.save(operation, version=number)
    try:
        with transaction.atomic():
            ModelVersion.objects.filter(pk=version.pk).update(version=number)
    except IntegrityError as error:
        raise OpsError("version:no_number", name=version.registered_model.name, number=number) from error
    return number


def _create(operation: Operation, version: ModelVersion, number: str, azure: Connection) -> ModelFacts:
    run, path = targets.run(operation), operation.plan["model_path"].strip("/")
    fresh = ModelVersion.objects.get(pk=version.pk)
    ranked = sorted(fresh.metrics.items(), key=lambda metric: (metric[0] != fresh.main_metric, metric[0]))
    return models.create(
        azure,
        version.registered_model.name,
        number,
        f"azureml://jobs/{run.name}/outputs/artifacts/paths/{path}",
        fresh.kind,
        version.registered_model.description,
        tags.of(operation, run=run.name),
        {key: str(value) for key, value in ranked[:MOST_PROPERTIES]},
    )


def _folder(operation: Operation, key: str) -> str:
    return str(operation.plan[key]).strip("/") + "/"


def _read(azure: Connection, run: Run, path: str, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    _fetch(azure, run, path, max_bytes, lambda file: parts.append(file.read()))
    return parts[0]


def _fetch(azure: Connection, run: Run, path: str, max_bytes: int, keep: Callable[[File[bytes]], None]) -> None:
    """Download one file of the run and hand it over while its temporary copy exists."""
    with TemporaryDirectory(prefix="portolan-version-") as folder:
        copy = Path(folder) / Path(path).name
        artifacts.download(azure, run.name, path, copy, max_bytes)
        with copy.open("rb") as stream:
            keep(File(stream, name=copy.name))


REGISTER = Flow(
    steps=(
        Step(read_metrics),
        Step(fetch_spec),
        Step(create_version),
        Step(fetch_samples, DOWNLOAD_LIMIT_SECONDS),
        Step(fetch_files, DOWNLOAD_LIMIT_SECONDS),
    ),
    on_failed=version_failed,
    on_cancelled=version_failed,
    reconcile=reconcile_version,
    no_cancel_from=create_version,
)
