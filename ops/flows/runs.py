"""Sends a training run to Azure and cancels one. Status, log and metrics of an accepted run belong to the mirror."""

import shutil
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils import timezone

from ops import snapshots, targets
from ops.azure import codes, data, environments, jobs
from ops.azure.connections import Connection
from ops.azure.errors import AzureNotFound
from ops.azure.facts import JobFacts, JobInput, JobRequest, UriFolder
from ops.engine import checkpoints
from ops.engine.steps import Flow, Next, Resume, Step, Wait
from ops.errors import NameTaken, OpsError
from ops.flows import contents, tags
from ops.job_specs import JobSpec
from ops.models import FINAL_STATUSES, InputFile, Operation, Run
from ops.recording import statuses

# 300 MB of input files over a slow line.
UPLOAD_LIMIT_SECONDS = 300
CANCEL_POLL_SECONDS = 2


def upload_code(operation: Operation, azure: Connection) -> Next:
    run = targets.run(operation)
    if not run.arm_id:
        # A retry of a submission that failed or was cancelled: the run is on its way again.
        statuses.record(run, Run.SUBMITTING, is_final=False, ended_at=None, error_code="", error_params={})
    with TemporaryDirectory(prefix="portolan-code-") as folder:
        snapshots.lay_out(_frozen(run).code, Path(folder))
        checkpoints.save(operation, code_id=codes.upload(azure, Path(folder)))
    return Next()


def ensure_environment(operation: Operation, azure: Connection) -> Next:
    wanted = _frozen(targets.run(operation)).environment
    version = contents.version_of(wanted.image, wanted.conda)
    with TemporaryDirectory(prefix="portolan-environment-") as folder:
        conda_file = Path(folder) / "conda.yml"
        conda_file.write_text(wanted.conda)
        name, made_by = f"portolan-{wanted.name}", tags.of(operation)
        found = environments.ensure(azure, name, version, conda_file, wanted.image, made_by)
    checkpoints.save(operation, environment_id=found)
    return Next()


def upload_inputs(operation: Operation, azure: Connection) -> Next:
    run = targets.run(operation)
    given: dict[str, list[InputFile]] = defaultdict(list)
    for file in run.input_files.order_by("pk"):
        given[file.input_name].append(file)
    for input_name, files in given.items():
        with TemporaryDirectory(prefix="portolan-input-") as folder:
            copies = [_copy(file, Path(folder)) for file in files]
            version = contents.version_of_files(copies)
            name = f"portolan-{_frozen(run).source.name}-{input_name}"
            uri = data.upload(azure, name, version, Path(folder), tags.of(operation))
        checkpoints.save(operation, inputs=operation.plan.get("inputs", {}) | {input_name: uri})
    return Next()


def create_job(operation: Operation, azure: Connection) -> Next:
    run = targets.run(operation)
    job = find(azure, run.name)
    if job is None:
        job = jobs.create(azure, _request(operation, run))
    elif not tags.are_of_any(Operation.objects.about(run), job.tags):
        raise NameTaken("run:name_taken", name=run.name)
    Run.objects.filter(pk=run.pk).update(arm_id=job.arm_id, studio_url=job.studio_url, seen_at=timezone.now())
    if Run.objects.filter(pk=run.pk, status=Run.SUBMITTING).exists():
        statuses.record(run, job.status)
    return Next()


def request_cancel(operation: Operation, azure: Connection) -> Next:
    job = _present(operation, azure)
    if job.status not in FINAL_STATUSES:
        jobs.cancel(azure, job.name)
    return Next()


def await_cancel(operation: Operation, azure: Connection) -> Next | Wait:
    job = _present(operation, azure)
    statuses.record(targets.run(operation), job.status)
    return Next() if job.status in FINAL_STATUSES else Wait(CANCEL_POLL_SECONDS, "phase:cancelling")


def find(azure: Connection, name: str) -> JobFacts | None:
    """The job of that name, None when Azure has none."""
    try:
        return jobs.get(azure, name)
    except AzureNotFound:
        return None


def take_back(operation: Operation, azure: Connection) -> Next:
    """A worker killed after the PUT may have left a job: cancel it."""
    job = _ours(operation, azure)
    if job and job.status not in FINAL_STATUSES:
        jobs.cancel(azure, job.name)
    return Next()


def reconcile_submission(operation: Operation, azure: Connection) -> Resume:
    return Resume(create_job if _ours(operation, azure) else None)


def reconcile_cancel(operation: Operation, azure: Connection) -> Resume:
    return Resume(await_cancel if _present(operation, azure).status in FINAL_STATUSES else None)


def _ours(operation: Operation, azure: Connection) -> JobFacts | None:
    run = targets.run(operation)
    job = find(azure, run.name)
    return job if job and tags.are_of_any(Operation.objects.about(run), job.tags) else None


def _present(operation: Operation, azure: Connection) -> JobFacts:
    run = targets.run(operation)
    job = find(azure, run.name)
    if job is None:
        raise OpsError("run:vanished", name=run.name)
    return job


def _frozen(run: Run) -> JobSpec:
    """What the run executes, as it was queued. Raises OpsError for a run that was made outside the portal."""
    spec = run.job_spec
    if spec is None:
        raise OpsError("run:made_outside", name=str(run))
    return spec


def _request(operation: Operation, run: Run) -> JobRequest:
    spec = _frozen(run)
    inputs: dict[str, JobInput] = spec.literals()
    inputs |= {name: UriFolder(uri) for name, uri in operation.plan.get("inputs", {}).items() if name in spec.inputs}
    return JobRequest(
        name=run.name,
        display_name=run.display_name or run.name,
        experiment=spec.experiment,
        command=spec.command,
        code_id=operation.plan["code_id"],
        environment_id=operation.plan["environment_id"],
        compute=spec.compute,
        inputs=inputs,
        environment_variables=spec.environment_variables,
        tags=tags.of(operation, recipe=spec.source.name),
    )


def _copy(file: InputFile, folder: Path) -> Path:
    """The upload under its own name; a second one of the same name gets its row's number in front."""
    target = folder / (Path(file.name).name or "file")
    if target.exists():
        target = folder / f"{file.pk}-{target.name}"
    with file.file.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    return target


def _never_sent(operation: Operation, status: str, code: str, params: dict[str, Any]) -> None:
    run = targets.run(operation)
    if not Run.objects.get(pk=run.pk).arm_id:
        ended = {"is_final": True, "ended_at": timezone.now(), "error_code": code, "error_params": params}
        statuses.record(run, status, **ended)


def submission_failed(operation: Operation, code: str, params: dict[str, Any]) -> None:
    _never_sent(operation, Run.FAILED, code, params)


def submission_cancelled(operation: Operation, code: str, params: dict[str, Any]) -> None:
    _never_sent(operation, Run.CANCELED, code, params)


SUBMIT = Flow(
    steps=(Step(upload_code), Step(ensure_environment), Step(upload_inputs, UPLOAD_LIMIT_SECONDS), Step(create_job)),
    on_failed=submission_failed,
    on_cancelled=submission_cancelled,
    reconcile=reconcile_submission,
    undo=take_back,
)
CANCEL = Flow(steps=(Step(request_cancel), Step(await_cancel)), reconcile=reconcile_cancel, no_cancel_from=await_cancel)
