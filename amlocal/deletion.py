"""Deletes a workspace with all that is in it, or everything. What still runs in it is ended first."""

from __future__ import annotations

import shutil
import time

from amlocal.arm import workspaces
from amlocal.arm.operations import Operation
from amlocal.context import Context
from amlocal.storage.store import Scope
from amlocal.tracking import metrics, runs

END_SECONDS = 15


def delete_workspace(context: Context, scope: Scope) -> None:
    """Ends its jobs and servers, then removes its resources, runs, metrics and blobs. Safe to run twice."""
    for deployment in context.store.list("deployments", scope, top=1_000_000).records:
        context.fleet.remove(deployment)
    context.runner.forget_workspace(scope)
    _wait_for_jobs(context, scope)
    folders = _delete_runs(context, scope)
    record = context.store.get(workspaces.KIND, f"{scope.subscription}/{scope.group}", scope.workspace)
    with context.store.writing():
        context.store.delete_scope(scope)
        if record is not None:
            context.store.delete("accounts", "", record.body["account"])
            context.store.delete(workspaces.KIND, f"{scope.subscription}/{scope.group}", scope.workspace)
    if record is not None:
        context.blobs.delete_account(record.body["account"])
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def delete_everything(context: Context) -> None:
    """Back to the workspace that is there from the start, with no fault, pace or recorded request left."""
    context.controls.start_over()
    for record in context.store.list(workspaces.KIND, None, top=1_000_000).records:
        delete_workspace(context, Scope(*record.body["scope"]))
    with context.store.writing() as connection:
        connection.execute("DELETE FROM resources")
        connection.execute("DELETE FROM operations")
        workspaces.make_first(context)


def delete_worker(context: Context, operation: Operation) -> None:
    delete_workspace(context, Scope(operation.scope.subscription, operation.scope.group, operation.name))


def _wait_for_jobs(context: Context, scope: Scope) -> None:
    give_up_at = time.monotonic() + END_SECONDS
    while time.monotonic() < give_up_at:
        with context.store.reading() as connection:
            if not any(run.scope == scope.key for run in runs.find_open_jobs(connection)):
                return
        time.sleep(0.05)


def _delete_runs(context: Context, scope: Scope) -> list[str]:
    """Removes runs and metrics; the folders of the jobs."""
    with context.store.writing() as connection:
        numbers = [row[0] for row in connection.execute("SELECT number FROM runs WHERE scope=?", (scope.key,))]
        for number in numbers:
            metrics.delete(connection, number)
            connection.execute("DELETE FROM run_tags WHERE run=?", (number,))
            connection.execute("DELETE FROM run_params WHERE run=?", (number,))
        connection.execute("DELETE FROM runs WHERE scope=?", (scope.key,))
        connection.execute("DELETE FROM experiments WHERE scope=?", (scope.key,))
    return [str(context.settings.home / "jobs" / str(number)) for number in numbers]
