"""Command jobs. Their log, times and metrics are in `rest`, their files in `artifacts`."""

from __future__ import annotations

import itertools
from typing import Any

from ops.azure import sdk, words
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.facts import JobFacts, JobInput, JobRequest, UriFolder


@translate()
def create(connection: Connection, spec: JobRequest) -> JobFacts:
    """Hand a command job to Azure: one PUT, all it needs is there already. PUT overwrites: look with `get` first.

    Azure keeps job names in lower case. Raises AzureRejected for what Azure or the SDK finds wrong with it.
    """
    sdk.load()
    from azure.ai.ml import command

    job = command(
        name=spec.name,
        display_name=spec.display_name,
        experiment_name=spec.experiment,
        command=spec.command,
        code=spec.code_id or None,
        environment=spec.environment_id,
        # By its ARM id: the SDK takes the bare name "local" for this machine and would run the job here.
        compute=f"{connection.target.arm_id}/computes/{spec.compute}",
        inputs={name: _input(value) for name, value in spec.inputs.items()},
        tags=dict(spec.tags),
        environment_variables=dict(spec.environment_variables),
    )
    return _facts(connection.ml.jobs.create_or_update(job))


@translate()
def get(connection: Connection, name: str) -> JobFacts:
    """One job. Raises AzureNotFound when there is none of that name."""
    return _facts(connection.ml.jobs.get(name))


@translate()
def list_jobs(connection: Connection, limit: int) -> list[JobFacts]:
    """The newest `limit` jobs, archived ones left out; one call a page. Azure cannot filter this list by status."""
    jobs = (job for job in connection.ml.jobs.list() if job is not None)
    return [_facts(job) for job in itertools.islice(jobs, limit)]


@translate()
def cancel(connection: Connection, name: str) -> None:
    """Ask for a job's end; it takes a while, and a job that is over may refuse it."""
    connection.ml.jobs.begin_cancel(name, polling=False)


def _input(value: JobInput) -> Any:
    from azure.ai.ml import Input

    return Input(type="uri_folder", path=value.uri) if isinstance(value, UriFolder) else value


def _facts(job: Any) -> JobFacts:
    made = job.creation_context
    return JobFacts(
        name=words.text(job.name),
        display_name=words.text(job.display_name),
        experiment=words.text(job.experiment_name),
        status=words.text(job.status),
        arm_id=words.text(job.id),
        studio_url=words.text(job.studio_url),
        compute=words.text(getattr(job, "compute", "")).rpartition("/")[2].rpartition(":")[2],
        tags=words.texts(job.tags),
        created_at=words.time(made.created_at) if made else None,
    )
