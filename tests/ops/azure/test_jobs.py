from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.azure import data, jobs
from ops.azure.errors import AzureNotFound, AzureRejected
from ops.azure.facts import UriFolder
from tests.ops.azure.conftest import TAGS, finish, sent


def test_a_job_is_one_put_and_runs(connection, server, spec, target):
    server.forget_requests()
    made = jobs.create(connection, spec)
    assert [request.split()[0] for request in sent(server, path="/workspaces/")][:1] == ["PUT"]
    assert len(server.requests("PUT", f"/jobs/{spec.name}")) == 1
    assert made.name == spec.name
    assert (made.display_name, made.experiment, made.compute) == ("Plain run", "plain", "cpu-cluster")
    assert made.arm_id.lower() == f"{target.arm_id}/jobs/{spec.name}".lower()
    assert made.tags == TAGS
    assert made.studio_url.startswith("https://")
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)
    assert finish(connection, spec.name).status == "Completed"


def test_a_job_carries_nothing_of_the_folder_the_worker_runs_in(connection, spec):
    jobs.create(connection, spec)
    properties = connection.ml.jobs.get(spec.name).properties
    assert not [key for key in properties if "git" in key.lower()]


def test_literals_and_folders_reach_the_command(connection, spec, source, name):
    folder = data.upload(connection, name("folder"), "1", source, TAGS)
    command = "test ${{inputs.epochs}} = 3 && test ${{inputs.rate}} = 0.5 && test -f ${{inputs.folder}}/score.py"
    inputs = {"epochs": 3, "rate": 0.5, "folder": UriFolder(folder)}
    variables = {"WORD": "two words"}
    checks = replace(
        spec, command=f'{command} && test "$WORD" = "two words"', inputs=inputs, environment_variables=variables
    )
    jobs.create(connection, checks)
    assert finish(connection, spec.name).status == "Completed"


def test_a_job_that_does_not_exist_is_not_found(connection):
    with pytest.raises(AzureNotFound):
        jobs.get(connection, "nobody")


def test_jobs_are_listed_newest_first_up_to_a_limit(connection, spec, name):
    names = [name("listed") for _ in range(3)]
    for each in names:
        jobs.create(connection, replace(spec, name=each))
    assert [job.name for job in jobs.list_jobs(connection, 2)] == names[:0:-1]
    assert all(job.tags == TAGS for job in jobs.list_jobs(connection, 3))


def test_a_running_job_is_cancelled_without_waiting(connection, server, spec):
    jobs.create(connection, replace(spec, command="sleep 60"))
    server.forget_requests()
    jobs.cancel(connection, spec.name)
    assert len(sent(server, "POST", "/cancel")) == 1
    assert finish(connection, spec.name).status == "Canceled"


def test_a_job_never_runs_on_the_workers_own_machine(connection, spec, tmp_path):
    with pytest.raises((AzureNotFound, AzureRejected)):
        jobs.create(connection, replace(spec, compute="local", command=f"touch {tmp_path}/ran-here"))
    assert not (tmp_path / "ran-here").exists()


def test_a_command_with_an_input_nobody_gave_is_rejected(connection, spec):
    with pytest.raises(AzureRejected):
        jobs.create(connection, replace(spec, command="echo ${{inputs.missing}}"))
