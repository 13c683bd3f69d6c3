"""One run of one command job, step by step: files on disk, process, growing log, outputs. Who may run when is
runner.py's business."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlocal import processes
from amlocal.arm import durations
from amlocal.building import interpreters, overlays
from amlocal.jobs import command_lines, failures, inputs, logs, outputs
from amlocal.jobs.failures import Failure
from amlocal.storage import materials, places
from amlocal.storage.store import Scope
from amlocal.tracking import runs
from amlocal.web.http import ArmError

if TYPE_CHECKING:
    from amlocal.context import Context

LOG_NAME = "user_logs/std_log.txt"
BUILD_LOG_NAME = f"azureml-logs/{interpreters.BUILD_LOG}"
POLL_SECONDS = 0.2
# `jobs.stream` prints the log only when it has seen the job unfinished once; it looks every 2 s.
SHORTEST_SECONDS = 2.5


class Gone(Exception):
    """The job ended while it was being prepared."""


class Execution:
    """Not thread-safe but for cancel() and interrupt()."""

    def __init__(self, context: Context, run: runs.Run) -> None:
        self._context = context
        self.run = run
        record = context.store.get("jobs", run.scope, run.id)
        self._properties: dict[str, Any] = record.body["properties"] if record else {}
        self.scope = Scope(*record.body["scope"]) if record else Scope("", "", "")
        compute = str(self._properties.get("computeId") or "serverless")
        self.cluster = (run.scope, compute.rsplit("/", 1)[-1].lower())
        self.node_count = int((self._properties.get("resources") or {}).get("instanceCount") or 1)
        self.folder = context.settings.home / "jobs" / str(run.number)
        self.ended = threading.Event()
        self._wanted = threading.Event()
        self._is_canceled = False
        self._failure: Failure | None = None
        self._child: processes.Child | None = None
        self._python = Path()

    def prepare(self) -> bool:
        """Puts code and inputs on disk and sees to the environment; False when the job ended meanwhile."""
        if not self._advance("Preparing"):
            return False
        try:
            inputs.lay_out(self._context, self.scope, self._properties, self.folder)
            self._python = self._choose_python()
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
            self.fail(failures.NOT_STARTED)
            return
        if self._child is None:
            try:
                self._child = self._spawn(process)
            except (materials.Missing, OSError) as exc:
                self.fail(Failure("UserError", str(exc)))
                return
            if self._child is None:
                return
        self._watch(self._child)
        self._finish(self._child)

    def cancel(self) -> None:
        self._is_canceled = True
        self._wanted.set()

    def interrupt(self, failure: Failure) -> None:
        """Ends the process; the job fails with this reason."""
        self._failure = failure
        self._wanted.set()

    def fail(self, failure: Failure) -> None:
        self.end_as("Failed", error={"code": failure.code, "message": failure.message})

    def end_as(self, status: str, **columns: Any) -> None:
        with self._context.store.writing() as connection:
            runs.advance(connection, self.run, status, end_ms=runs.now_ms(), **columns)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _advance(self, status: str, **columns: Any) -> bool:
        with self._context.store.writing() as connection:
            return runs.advance(connection, self.run, status, unless=(*runs.FINAL, "CancelRequested"), **columns)

    def _choose_python(self) -> Path:
        """Raises materials.Missing, and Gone when the job was canceled while its environment was being built."""
        log = self.folder / interpreters.BUILD_LOG
        logs.forget(self._context, self.scope, self.run.id, BUILD_LOG_NAME)

        def pulse() -> None:
            if not self.folder.exists():
                raise Gone
            self._copy_log(log, BUILD_LOG_NAME)

        environment = str(self._properties.get("environmentId") or "")
        try:
            built = interpreters.for_job(self._context, self.scope, environment, log, pulse)
        except interpreters.NotBuilt:
            self._copy_log(log, BUILD_LOG_NAME)
            raise
        if log.exists():
            self._copy_log(log, BUILD_LOG_NAME)
        if built.warnings:
            with self._context.store.writing() as connection:
                runs.change(connection, self.run, warnings=list(built.warnings))
        return built.python

    def _spawn(self, process: Path) -> processes.Child | None:
        if not self._advance("Running", start_ms=runs.now_ms()):
            self.end_as("Canceled")
            return None
        given = inputs.read_values(self._properties, self.folder)
        written = outputs.values(self._context, self.scope, self._properties, self.folder / "named")
        paths = {f"AZURE_ML_INPUT_{name}": value for name, value in given.items()}
        paths |= {f"AZURE_ML_OUTPUT_{name}": value for name, value in written.items()}
        variables = command_lines.environment(
            self._context,
            self.scope,
            self.run,
            self._properties,
            python=overlays.make(self._python, self.folder / "python"),
            home=self.folder / "home",
            paths=paths,
        )
        command = command_lines.fill(str(self._properties["command"]), given, written)
        shell = shutil.which("bash") or "/bin/sh"
        return processes.spawn(
            [shell, "-c", command], folder=process, directory=self.folder / "work", environment=variables, log=self._log
        )

    @property
    def _log(self) -> Path:
        return self.folder / "std_log.txt"

    def _watch(self, child: processes.Child) -> None:
        limit = durations.seconds((self._properties.get("limits") or {}).get("timeout"))
        deadline = None if limit is None else (self.run.start_ms or runs.now_ms()) / 1000 + limit
        self._copy_log(self._log, LOG_NAME)
        while child.is_alive() and not self._wanted.wait(POLL_SECONDS):
            self._copy_log(self._log, LOG_NAME)
            if deadline is not None and time.time() > deadline:
                self._failure = failures.too_long(limit or 0)
                break
            if self._is_cancel_requested():
                break
        processes.end(child)
        self._copy_log(self._log, LOG_NAME)

    def _is_cancel_requested(self) -> bool:
        """Asked before a restart: then nobody called cancel() here."""
        if self.run.status == "CancelRequested":
            self._is_canceled = True
        return self._is_canceled

    def _finish(self, child: processes.Child) -> None:
        if self._is_canceled or self._is_cancel_requested():
            self._upload()
            self.end_as("Canceled")
            return
        self._advance("Finalizing")
        self._upload()
        failure = self._failure or self._told_by(child) or self._register()
        if self._failure is None:
            self._stay_a_moment()
        if failure is None:
            self.end_as("Completed")
        else:
            self.fail(failure)

    def _stay_a_moment(self) -> None:
        with self._context.store.reading() as connection:
            current = runs.find(connection, self.run.scope, self.run.id)
        started_at = ((current and current.start_ms) or runs.now_ms()) / 1000
        self._wanted.wait(max(0.0, started_at + SHORTEST_SECONDS * self._context.settings.time_scale - time.time()))

    def _told_by(self, child: processes.Child) -> Failure | None:
        return failures.of_process(child.exit_code(), str(self._properties["command"]), self._log, LOG_NAME)

    def _copy_log(self, log: Path, name: str) -> None:
        logs.grow(self._context, self.scope, self.run.id, log, name)

    def _upload(self) -> None:
        artifacts = places.run_artifacts(self._context, self.scope, self.run.id)
        for name in ("outputs", "logs"):
            if (self.folder / "work" / name).is_dir():
                materials.upload(self._context.blobs, self.folder / "work" / name, artifacts.under(name))
        outputs.upload(self._context, self.scope, self._properties, self.folder / "named")

    def _register(self) -> Failure | None:
        """Named outputs become assets once the job has done its work."""
        try:
            outputs.register(self._context, self.scope, self.run.id, self._properties)
        except ArmError as exc:
            return Failure("UserError", f"An output could not be registered: {exc.message}")
        return None
