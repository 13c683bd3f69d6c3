"""One run of one command job, step by step: files on disk, process, growing log, outputs. Who may run when is
runner.py's business."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amlocal import processes
from amlocal.arm import durations
from amlocal.building import interpreters, overlays
from amlocal.building.builds import Built
from amlocal.building.context import Context
from amlocal.jobs import command_lines, distributions, failures, inputs, logs, outputs
from amlocal.jobs.failures import Failure
from amlocal.storage import materials, places
from amlocal.storage.store import Scope
from amlocal.tracking import runs
from amlocal.web.http import ArmError

LOGS = "user_logs"
BUILD_LOG_NAME = f"azureml-logs/{interpreters.BUILD_LOG}"
POLL_SECONDS = 0.2
# `jobs.stream` prints the log only when it has seen the job unfinished once; it looks every 2 s.
SHORTEST_SECONDS = 2.5


class Gone(Exception):
    """The job ended while it was being prepared."""


class Execution:
    """Not thread-safe but for cancel() and interrupt()."""

    def __init__(self, context: Context, run: runs.Run, when_build_awaited: Callable[[], None]) -> None:
        """`when_build_awaited` is called once, when the job has to wait for its environment to be built."""
        self._context = context
        self._when_build_awaited = when_build_awaited
        self.run = run
        record = context.store.get("jobs", run.scope, run.id)
        self._properties: dict[str, Any] = record.body["properties"] if record else {}
        self.scope = Scope(*record.body["scope"]) if record else Scope("", "", "")
        compute = str(self._properties.get("computeId") or "serverless")
        self.cluster = (run.scope, compute.rsplit("/", 1)[-1].lower())
        self.node_count = distributions.count_nodes(self._properties)
        self._distribution = distributions.read(self._properties)
        self.folder = context.settings.home / "jobs" / str(run.number)
        self.is_build_awaited = False
        # Times tell the order in which jobs got their nodes, which the start of their processes may not keep.
        self.given_nodes_ms = 0
        self.ended = threading.Event()
        self._wanted = threading.Event()
        self._is_canceled = False
        self._failure: Failure | None = None
        self._child: processes.Child | None = None
        self._built = Built(Path(), ())

    def lay_out(self) -> bool:
        """Puts code and inputs on disk; False when the job has ended with it."""
        if not self._advance("Starting"):
            return False
        try:
            inputs.lay_out(self._context, self.scope, self._properties, self.folder)
        except materials.Missing as exc:
            self.fail(Failure("UserError", str(exc)))
            return False
        return self._advance("Preparing")

    def prepare(self) -> bool:
        """Sees to the environment; False when the job has ended with it."""
        try:
            self._built = self._choose_python()
        except Gone:
            return False
        except materials.Missing as exc:
            self.fail(Failure("UserError", str(exc)))
            return False
        return self._advance("Queued")

    def follow(self, *, is_found: bool) -> None:
        """Starts the process (or finds the one an earlier amlocal started) and stays until the job has ended."""
        process = self.folder / "process"
        self._child = processes.find(process) if is_found else None
        if self._child is None and is_found:
            self._end_unstarted()
            return
        if self._child is None:
            try:
                self._child = self._spawn(process)
            except (materials.Missing, OSError) as exc:
                self.fail(Failure("UserError", str(exc)))
                return
            if self._child is None:
                return
        try:
            self._watch(self._child)
            self._finish(self._child)
        except Exception:
            # Such as a full disk: a job that has failed must not go on.
            processes.end(self._child)
            raise

    def _end_unstarted(self) -> None:
        if self._is_cancel_requested():
            self.end_as("Canceled")
        else:
            self.fail(failures.NOT_STARTED)

    def cancel(self) -> None:
        self._is_canceled = True
        self._wanted.set()

    def interrupt(self, failure: Failure) -> None:
        """Ends the process; the job fails with this reason."""
        self._failure = failure
        self._wanted.set()

    def fail(self, failure: Failure) -> None:
        self.end_as(failure.status, error={"code": failure.code, "message": failure.message})

    def end_as(self, status: str, **columns: Any) -> None:
        with self._context.store.writing() as connection:
            runs.advance(connection, self.run, status, end_ms=runs.now_ms(), **columns)
        self.delete_files()

    def delete_files(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _advance(self, status: str, **columns: Any) -> bool:
        with self._context.store.writing() as connection:
            return runs.advance(connection, self.run, status, unless=(*runs.FINAL, "CancelRequested"), **columns)

    def _choose_python(self) -> Built:
        """Raises materials.Missing, and Gone when the job was canceled while its environment was being built."""
        log = self.folder / interpreters.BUILD_LOG
        logs.forget(self._context, self.scope, self.run.id, BUILD_LOG_NAME)

        def pulse() -> None:
            if not self.folder.exists():
                raise Gone
            self._copy_log(log, BUILD_LOG_NAME)
            if not self.is_build_awaited:
                self.is_build_awaited = True
                self._when_build_awaited()

        environment = str(self._properties.get("environmentId") or "")
        try:
            code, command = self.folder / "work", str(self._properties["command"])
            built = interpreters.for_job(self._context, self.scope, environment, code, command, log, pulse)
        except interpreters.NotBuilt:
            self._copy_log(log, BUILD_LOG_NAME)
            raise
        if log.exists():
            self._copy_log(log, BUILD_LOG_NAME)
        if built.warnings:
            with self._context.store.writing() as connection:
                runs.change(connection, self.run, warnings=list(built.warnings))
        return built

    def _spawn(self, process: Path) -> processes.Child | None:
        given = inputs.read_values(self._context, self.scope, self._properties, self.folder)
        written = outputs.values(self._context, self.scope, self._properties, self.folder / "named")
        paths = {f"AZURE_ML_INPUT_{name}": value for name, value in given.items()}
        paths |= {f"AZURE_ML_OUTPUT_{name}": value for name, value in written.items()}
        variables = command_lines.environment(
            self._context,
            self.scope,
            self.run,
            self._properties,
            python=overlays.make(self._built.python, self.folder / "python", self._built.layers),
            home=self.folder / "home",
            paths=paths,
            of_image=self._built.variables,
        )
        literals = inputs.list_literals(self._properties)
        command = command_lines.fill(str(self._properties["command"]), given, written, literals)
        start = [shutil.which("bash") or "/bin/sh", "-c", command]
        if self._distribution is not None:
            start = self._distribute(self._distribution, start, variables)
        if not self._advance("Running", start_ms=self.given_nodes_ms):
            self.end_as("Canceled")
            return None
        return processes.spawn(
            start, folder=process, directory=self.folder / "work", environment=variables, log=self._own_log
        )

    def _distribute(
        self, distribution: distributions.Distribution, start: list[str], variables: dict[str, str]
    ) -> list[str]:
        """What to start instead. Raises materials.Missing."""
        inputs.copy_to_nodes(self._nodes)
        if distribution.kind == "mpi":
            variables.update(distributions.MPI_VARIABLES)
        try:
            return distributions.plan(distribution, start, self.folder, self._nodes, variables["PATH"])
        except distributions.NoMpi as exc:
            raise materials.Missing(str(exc)) from exc

    @property
    def _nodes(self) -> list[Path]:
        """A folder for each node; the first is the job's own."""
        count = self._distribution.nodes if self._distribution else 1
        return [self.folder, *(self.folder / "nodes" / str(node) for node in range(1, count))]

    @property
    def _log_names(self) -> list[str]:
        return distributions.name_logs(self._distribution)

    @property
    def _own_log(self) -> Path:
        """Of the process that is started: the command itself, mpirun, or what launches the others and is silent."""
        kind = self._distribution.kind if self._distribution else ""
        return self.folder / {"": self._log_names[0], "mpi": distributions.MPI_LOG}.get(kind, "launcher.txt")

    def _watch(self, child: processes.Child) -> None:
        limit = durations.seconds((self._properties.get("limits") or {}).get("timeout"))
        deadline = None if limit is None else (self.run.start_ms or runs.now_ms()) / 1000 + limit
        self._copy_logs()
        while child.is_alive() and not self._wanted.wait(POLL_SECONDS):
            self._copy_logs()
            if deadline is not None and time.time() > deadline:
                self._failure = failures.too_long(limit or 0)
                break
            if self._is_cancel_requested():
                break
        processes.end(child)
        self._copy_logs()

    def _is_cancel_requested(self) -> bool:
        """Asked before a restart: then nobody called cancel() here."""
        if self.run.status == "CancelRequested":
            self._is_canceled = True
        return self._is_canceled

    def _finish(self, child: processes.Child) -> None:
        if self._is_cancel_requested():
            self._upload()
            self.end_as("Canceled")
            return
        self._advance("Finalizing")
        self._upload()
        failure = self._failure or self._told_by(child) or self._register()
        if self._failure is None:
            self._stay_a_moment()
        if self._is_cancel_requested():
            self.end_as("Canceled")
        elif failure is None:
            self.end_as("Completed")
        else:
            self.fail(failure)

    def _stay_a_moment(self) -> None:
        with self._context.store.reading() as connection:
            current = runs.find(connection, self.run.scope, self.run.id)
        started_at = ((current and current.start_ms) or runs.now_ms()) / 1000
        self._wanted.wait(max(0.0, started_at + SHORTEST_SECONDS * self._context.settings.time_scale - time.time()))

    def _told_by(self, child: processes.Child) -> Failure | None:
        name = distributions.read_failed(self.folder) or self._log_names[0]
        command = str(self._properties["command"])
        return failures.of_process(child.exit_code(), command, self.folder / name, f"{LOGS}/{name}")

    def _copy_logs(self) -> None:
        for name in self._log_names:
            self._copy_log(self.folder / name, f"{LOGS}/{name}")

    def _copy_log(self, log: Path, name: str) -> None:
        logs.grow(self._context, self.scope, self.run.id, log, name)

    def _upload(self) -> None:
        artifacts = places.run_artifacts(self._context, self.scope, self.run.id)
        # What two nodes wrote under one name is the first node's.
        for node in reversed(self._nodes):
            for name in ("outputs", "logs"):
                if (node / "work" / name).is_dir():
                    place = artifacts.under(name)
                    materials.upload(self._context.blobs, node / "work" / name, place, within=self.folder)
        outputs.upload(self._context, self.scope, self._properties, self.folder / "named")

    def _register(self) -> Failure | None:
        """Named outputs become assets once the job has done its work."""
        try:
            outputs.register(self._context, self.scope, self.run.id, self._properties)
        except ArmError as exc:
            return Failure("UserError", f"An output could not be registered: {exc.message}")
        return None
