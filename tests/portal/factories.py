"""Rows as the mirror and the flows leave them, for tests of pages. No test in here."""

from dataclasses import replace
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from ops import job_sources, recipes
from ops.models import (
    FINAL_STATUSES,
    Deployment,
    Endpoint,
    Event,
    LogChunk,
    LogFile,
    MetricPoint,
    MetricSeries,
    ModelVersion,
    Operation,
    RegisteredModel,
    Run,
    RunStatusChange,
    Sample,
    VersionFile,
)
from ops.opening import columns_about

HTMX = {"HTTP_HX_REQUEST": "true"}
PARAMETERS = {"epochs": 6, "batch_size": 64, "learning_rate": 0.001, "seed": 1, "train_limit": 0}
_count = iter(range(1, 1_000_000))


def spec(recipe="mnist-keras", parameters=PARAMETERS, compute="cpu-cluster", **changes):
    """The JSON form of a recipe's job spec, as the service freezes it."""
    made = job_sources.from_recipe(recipes.get(recipe), parameters, (), compute)
    return replace(made, **changes).as_json()


def run(workspace, status="Running", by=None, parameters=PARAMETERS, **given):
    """A run of the MNIST recipe that went through the usual statuses up to ``status``, three seconds each."""
    is_final = status in FINAL_STATUSES
    now = timezone.now()
    values = {
        "name": f"mnist-keras-{next(_count):06d}",
        "experiment": "mnist-lenet",
        "spec": given["spec"] if "spec" in given else spec(parameters=parameters),
        "main_metric": "val_accuracy",
        "compute": "cpu-cluster",
        "started_at": now - timedelta(seconds=60),
        "ended_at": now - timedelta(seconds=20) if is_final else None,
        "is_final": is_final,
    }
    row = Run.objects.create(workspace=workspace, status=status, requested_by=by, **(values | given))
    seen = dict.fromkeys(["Submitting", "Queued", "Running", status])
    for position, word in enumerate(seen):
        RunStatusChange.objects.create(run=row, status=word, at=now - timedelta(seconds=90 - position * 3))
    return row


def metric(run, key, values):
    series = MetricSeries.objects.create(
        run=run,
        key=key,
        last_value=values[-1],
        last_step=len(values),
        last_at=timezone.now(),
        point_count=len(values),
    )
    MetricPoint.objects.bulk_create(
        MetricPoint(series=series, position=position, step=position + 1, value=value, at=timezone.now())
        for position, value in enumerate(values)
    )
    return series


def log(run, text, name="user_logs/std_log.txt", chunk_bytes=60_000):
    """The text as the mirror keeps it: chunks cut between characters."""
    log_file = LogFile.objects.create(run=run, name=name)
    offset, rest = 0, text.encode()
    while rest:
        part = rest[:chunk_bytes].decode(errors="ignore")
        length = len(part.encode())
        LogChunk.objects.create(log_file=log_file, offset=offset, length=length, text=part)
        offset, rest = offset + length, rest[length:]
    log_file.size = offset
    log_file.save()
    return log_file


def version(workspace, name="mnist-lenet", number="1", state="ready", run=None, by=None):
    registered, _made = RegisteredModel.objects.get_or_create(workspace=workspace, name=name)
    return ModelVersion.objects.create(
        registered_model=registered,
        version=number,
        state=state,
        run=run,
        requested_by=by,
        main_metric="val_accuracy",
        metrics={"val_accuracy": 0.9823, "loss": 0.03},
        spec={"format": "pixels/v1", "width": 28, "height": 28, "labels": ["0", "1"]},
    )


def version_file(version, path="model.json", content=b"{}"):
    row = VersionFile(model_version=version, path=path, size=len(content))
    row.file.save(path.replace("/", "-"), ContentFile(content))
    return row


def sample(version, label="7", content=b"\x89PNG\r\n\x1a\n"):
    row = Sample(model_version=version, label=label)
    row.file.save(f"{label}.png", ContentFile(content))
    return row


def endpoint(workspace, name="digits-api", state="ready", **given):
    values = {"scoring_uri": f"https://{name}.example.org/score", "is_ours": True}
    return Endpoint.objects.create(workspace=workspace, name=name, state=state, **(values | given))


def deployment(endpoint, name="blue", traffic=100, state="ready", **given):
    return Deployment.objects.create(
        endpoint=endpoint, name=name, traffic=traffic, state=state, instance_type="Standard_DS3_v2", **given
    )


def operation(workspace, kind=Operation.Kind.TEST_CONNECTION, state="running", by=None, target=None, **given):
    is_final = state not in {"queued", "running"}
    values = {
        "lock_key": f"test:{next(_count)}",
        "deadline_at": timezone.now() + timedelta(hours=1),
        "finished_at": timezone.now() if is_final else None,
    }
    about = columns_about(target or workspace)
    return Operation.objects.create(kind=kind, state=state, requested_by=by, **(values | about | given))


def event(operation, verb, **given):
    """One line of the operation's history."""
    about = {
        name: getattr(operation, name) for name in ("team", "workspace", "target_type", "target_id", "target_name")
    }
    return Event.objects.create(operation=operation, verb=verb, **(about | given))
