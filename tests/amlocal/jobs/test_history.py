"""What the SDK asks run history about a job: runs that MLflow nested in it, and its interactive services."""

from __future__ import annotations

from azure.ai.ml import MLClient
from azure.ai.ml.entities import JupyterLabJobService

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer


def test_the_children_of_a_job_are_listed(ml_client: MLClient, amlocal_server: AmlocalServer) -> None:
    parent = submit(ml_client, None, "true")
    await_end(ml_client, parent.name)
    assert list(ml_client.jobs.list(parent_job_name=parent.name)) == []
    plane = DataPlane(amlocal_server)
    experiment = plane.mlflow("experiments/get-by-name", experiment_name="tests")["experiment"]["experiment_id"]
    tags = [{"key": "mlflow.parentRunId", "value": parent.name}]
    nested = plane.mlflow("runs/create", {"experiment_id": experiment, "tags": tags})["run"]["info"]["run_id"]
    assert [job.name for job in ml_client.jobs.list(parent_job_name=parent.name)] == [nested]


def test_interactive_services_are_kept_and_not_started(ml_client: MLClient) -> None:
    job = submit(ml_client, None, "true", services={"lab": JupyterLabJobService()})
    await_end(ml_client, job.name)
    assert "lab" in (ml_client.jobs.get(job.name).services or {})
    assert ml_client.jobs.show_services(job.name) is None
