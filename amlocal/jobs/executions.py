"""One run of one command job, step by step: files on disk, process, growing log, outputs. Who may run when is
runner.py's business."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlocal import processes
from amlocal.arm import durations
from amlocal.building import interpreters
from amlocal.jobs import command_lines, outputs
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
KEPT_OF_LOG = 4000


@dataclass(frozen=True)
class Failure(Exception):
    """Why a job ends as Failed: a code and a sentence, as run details show them."""

    code: str
    message: str


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
            self._lay_out()
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
            self.fail(Failure("JobInterrupted", "amlocal ended while this job was being started."))
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
        place = places.run_artifacts(self._context, self.scope, self.run.id).under(BUILD_LOG_NAME)
        # What an amlocal wrote that ended before this was done.
        self._context.blobs.delete(place.account, place.container, place.path)

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

    def _lay_out(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        work = self.folder / "work"
        work.mkdir(parents=True)
        (self.folder / "home").mkdir()
        code = self._properties.get("codeId")
        if code:
            name, version = str(code).split("/")[-3], str(code).split("/")[-1]
            record = self._context.store.get("codes", self.scope, name, version)
            if record is None:
                raise materials.Missing(f"The code '{code}' was not found.")
            place = places.need(self._context, self.scope, str(record.body["properties"]["codeUri"]))
            materials.copy(self._context.blobs, place, work)
        for name in ("outputs", "logs"):
            (work / name).mkdir(exist_ok=True)
        for name, asked in (self._properties.get("inputs") or {}).items():
            if asked.get("jobInputType") != "literal" and asked.get("mode") != "Direct" and asked.get("uri"):
                materials.fetch(self._context, self.scope, str(asked["uri"]), self.folder / "inputs" / name)
        for name in outputs.named(self._properties):
            (self.folder / "named" / name).mkdir(parents=True)

    def _input_values(self) -> dict[str, str]:
        values = {}
        for name, asked in (self._properties.get("inputs") or {}).items():
            inside = self.folder / "inputs" / name
            if asked.get("jobInputType") == "literal":
                values[name] = str(asked.get("value", ""))
            elif inside.is_dir():
                values[name] = str(next(inside.iterdir()))
            elif asked.get("uri"):
                values[name] = str(asked["uri"])
        return values

    def _spawn(self, process: Path) -> processes.Child | None:
        if not self._advance("Running", start_ms=runs.now_ms()):
            self.end_as("Canceled")
            return None
        inputs = self._input_values()
        written = outputs.values(self._context, self.scope, self._properties, self.folder / "named")
        paths = {f"AZURE_ML_INPUT_{name}": value for name, value in inputs.items()}
        paths |= {f"AZURE_ML_OUTPUT_{name}": value for name, value in written.items()}
        variables = command_lines.environment(
            self._context,
            self.scope,
            self.run,
            self._properties,
            python=self._python,
            home=self.folder / "home",
            paths=paths,
        )
        command = command_lines.fill(str(self._properties["command"]), inputs, written)
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
                self._failure = Failure(
                    "JobTimeout", f"The job was ended because it ran longer than its limit of {limit:g} seconds."
                )
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

    def _copy_log(self, log: Path, name: str) -> None:
        """Appends to the log's blob what was written since."""
        place = places.run_artifacts(self._context, self.scope, self.run.id).under(name)
        blob = self._context.blobs.find(place.account, place.container, place.path)
        with log.open("rb") as file:
            file.seek(blob.size if blob else 0)
            grown = file.read(4 * 1024 * 1024)
            while grown or blob is None:
                self._context.blobs.append(place.account, place.container, place.path, grown)
                blob, grown = (
                    blob or self._context.blobs.find(place.account, place.container, place.path),
                    file.read(4 * 1024 * 1024),
                )

    def _finish(self, child: processes.Child) -> None:
        if self._is_canceled or self._is_cancel_requested():
            self._upload()
            self.end_as("Canceled")
            return
        self._advance("Finalizing")
        self._upload()
        failure = self._failure or self._read_failure(child.exit_code()) or self._register()
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

    def _read_failure(self, exit_code: int | None) -> Failure | None:
        if exit_code == 0:
            return None
        if exit_code is None:
            return Failure(
                "ProcessKilled", "Execution failed. The process was killed from outside, perhaps for lack of memory."
            )
        with self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - KEPT_OF_LOG))
            end = file.read().decode(errors="replace").strip()
        begin = end.rfind("Traceback (most recent call last)")
        told = end[begin:] if begin >= 0 else "\n".join(end.splitlines()[-5:])
        program = str(self._properties["command"]).split()[0]
        return Failure(
            "UserError",
            f"Execution failed. User process '{program}' exited with status code {exit_code}. "
            f"Please check log file '{LOG_NAME}' for error details. Error: {told}",
        )
