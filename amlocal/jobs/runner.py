"""Runs command jobs: each waits for a node of its cluster and is then a process of its own. Only this file moves a
job's status.

NotStarted → Preparing → Queued → Running → Finalizing → Completed or Failed; CancelRequested → Canceled. When amlocal
stops, running jobs end as Failed;
when it is killed they go on, and the next start follows them further. What a job looks like over REST is in jobs.py,
one job's steps in executions.py.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from amlocal.arm import computes
from amlocal.arm.nodes import Nodes
from amlocal.jobs import failures
from amlocal.jobs.executions import Execution
from amlocal.storage.store import Scope
from amlocal.tracking import metrics, runs

if TYPE_CHECKING:
    from amlocal.context import Context

log = logging.getLogger("amlocal.runner")

# Many, because some of them only wait for their environment to be built.
PREPARED_AT_ONCE = 16
# Of a compute without a number of its own: serverless, Kubernetes.
DEFAULT_NODES = 4


class Runner:
    """Thread-safe. Jobs are known by their run's number."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.nodes = Nodes()
        self._changed = threading.Condition()
        self._queue: list[Execution] = []
        self._running: dict[int, Execution] = {}
        self._open: dict[int, Execution] = {}
        self._preparing = ThreadPoolExecutor(PREPARED_AT_ONCE, thread_name_prefix="prepare")
        self._is_stopping = False
        context.store.create_tables(runs.SCHEMA + metrics.SCHEMA)

    def start(self) -> None:
        """Takes up the jobs that an earlier amlocal left open, then gives out nodes until stop()."""
        with self._context.store.reading() as connection:
            left = runs.find_open_jobs(connection)
        for run in left:
            self._take_up(Execution(self._context, run))
        threading.Thread(target=self._give_nodes, name="runner", daemon=True).start()

    def stop(self) -> None:
        """Ends the process group of every running job; the waiting ones wait for the next start."""
        with self._changed:
            self._is_stopping = True
            running = list(self._running.values())
            self._changed.notify_all()
        self._preparing.shutdown(wait=False, cancel_futures=True)
        for execution in running:
            execution.interrupt(failures.INTERRUPTED)
        for execution in running:
            execution.ended.wait(10)

    def submit(self, run: runs.Run) -> None:
        """Begins a job whose run and record are already stored."""
        self._prepare_soon(Execution(self._context, run))

    def cancel(self, run: runs.Run) -> None:
        """Asks a job to stop; one that has ended stays as it is."""
        with self._context.store.writing() as connection:
            if not runs.advance(connection, run, "CancelRequested"):
                return
        with self._changed:
            execution = self._open.get(run.number)
            if execution is None or run.number not in self._running:
                self._queue = [waiting for waiting in self._queue if waiting.run.number != run.number]
                self._open.pop(run.number, None)
                execution = execution or Execution(self._context, run)
                execution.end_as("Canceled")
                return
        execution.cancel()

    def look_again(self) -> None:
        """A cluster was changed: more jobs may run now."""
        with self._changed:
            self._changed.notify_all()

    def explain(self, run: runs.Run) -> str:
        """Why a job is still queued, in a sentence; "" when it does not wait for a node."""
        with self._changed:
            waiting = [other for other in self._queue if other.run.number == run.number]
            if not waiting:
                return ""
            mine = waiting[0]
            ahead = sum(other.cluster == mine.cluster for other in self._queue[: self._queue.index(mine)])
            return (
                f"The job waits for {mine.node_count} of the {self._node_limit(mine)} nodes of compute"
                f" '{mine.cluster[1]}': {self._used(mine)} are in use, and {ahead} jobs are before it in the queue."
            )

    def forget_workspace(self, scope: Scope) -> None:
        """Cancels whatever still runs in a workspace that is being deleted."""
        with self._context.store.reading() as connection:
            mine = [run for run in runs.find_open_jobs(connection) if run.scope == scope.key]
        for run in mine:
            self.cancel(run)

    def _take_up(self, execution: Execution) -> None:
        status = execution.run.status
        if status in ("Running", "Finalizing", "CancelRequested"):
            with self._changed:
                self._open[execution.run.number] = self._running[execution.run.number] = execution
                self.nodes.take(execution.cluster, execution.run.id, execution.node_count)
            threading.Thread(target=self._follow, args=(execution, True), name=execution.run.id, daemon=True).start()
        else:
            self._prepare_soon(execution)

    def _prepare_soon(self, execution: Execution) -> None:
        with self._changed:
            if self._is_stopping:
                return
            self._open[execution.run.number] = execution
            self._preparing.submit(self._prepare, execution)

    def _prepare(self, execution: Execution) -> None:
        try:
            if not execution.prepare():
                return
        except Exception:
            log.exception("job %s could not be prepared", execution.run.id)
            execution.fail(failures.INTERNAL)
            return
        with self._changed:
            if execution.run.number in self._open:
                self._queue.append(execution)
                self._changed.notify_all()

    def _give_nodes(self) -> None:
        while True:
            with self._changed:
                if self._is_stopping:
                    return
                for execution in list(self._queue):
                    if self._has_room(execution):
                        self._queue.remove(execution)
                        self._running[execution.run.number] = execution
                        self.nodes.take(execution.cluster, execution.run.id, execution.node_count)
                        threading.Thread(
                            target=self._follow, args=(execution, False), name=execution.run.id, daemon=True
                        ).start()
                # A cluster that is deleted tells nobody.
                self._changed.wait(5)

    def _has_room(self, execution: Execution) -> bool:
        used = self._used(execution)
        return used == 0 or used + execution.node_count <= self._node_limit(execution)

    def _used(self, execution: Execution) -> int:
        return sum(other.node_count for other in self._running.values() if other.cluster == execution.cluster)

    def _node_limit(self, execution: Execution) -> int:
        record = self._context.store.get(computes.KIND, execution.scope, execution.cluster[1])
        scale = computes.read_scale(self._context, record) if record else None
        return scale.most if scale else DEFAULT_NODES

    def _follow(self, execution: Execution, is_found: bool) -> None:
        try:
            execution.follow(is_found=is_found)
        except Exception:
            log.exception("job %s could not be followed", execution.run.id)
            execution.fail(failures.INTERNAL)
        finally:
            execution.ended.set()
            with self._changed:
                self._running.pop(execution.run.number, None)
                self._open.pop(execution.run.number, None)
                self.nodes.give_back(execution.cluster, execution.run.id)
                self._changed.notify_all()
