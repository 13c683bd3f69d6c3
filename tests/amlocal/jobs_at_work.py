"""Submitting jobs through the SDK and waiting for them, for the tests of jobs, MLflow and models."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from azure.ai.ml import MLClient, command
from azure.ai.ml.entities import Job

ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/versions/1"
FINAL = ("Completed", "Failed", "Canceled")


def submit(client: MLClient, folder: Path | None, line: str, script: str = "", **more: Any) -> Job:
    """Queue `line` with `script` as main.py in its code folder."""
    if folder is not None:
        folder.mkdir(exist_ok=True)
        (folder / "main.py").write_text(script)
    asked = {"environment": ENVIRONMENT, "compute": "cpu-cluster", "experiment_name": "tests", **more}
    return client.jobs.create_or_update(command(code=str(folder) if folder else None, command=line, **asked))


def await_end(client: MLClient, name: str, seconds: float = 60) -> Job:
    """The job once it has ended; fails the test when it has not in time."""
    return await_status(client, name, FINAL, seconds)


def await_status(client: MLClient, name: str, wanted: tuple[str, ...], seconds: float = 60) -> Job:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        job = client.jobs.get(name)
        if job.status in wanted:
            return job
        time.sleep(0.1)
    raise AssertionError(f"{name} is {job.status}, not {wanted}, after {seconds} seconds")
