"""Runs command jobs: each waits for a node of its cluster and is then a process of its own. Only this file moves a
job's status.

NotStarted → Starting (code and inputs) → Preparing (environment) → Queued → Running → Finalizing → Completed or Failed;
CancelRequested → Canceled. When amlocal stops, running jobs end as Failed; when it is killed they go on, and the next
start follows them further. What a job looks like over REST is in jobs.py, one job's steps in executions.py.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from amlocal.arm import clusters, computes, usages
from amlocal.building.context import Context
from amlocal.jobs import failures
from amlocal.jobs.executions import Execution
from amlocal.storage.store import Record, Scope
from amlocal.tracking import metrics, runs

log = logging.getLogger("amlocal.runner")

LAID_OUT_AT_ONCE = 8
# Many, because most of them only wait for their environment to be built.
PREPARED_AT_ONCE = 64
# Of a compute without a number of its own: serverless, Kubernetes.
DEFAULT_NODES = 4


class Runner:
    """Thread-safe. Jobs are known by their run's number."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._capacity = context.capacity
        self._changed = threading.Condition()
        self._ready: dict[int, Execution] = {}
        self._running: dict[int, Execution] = {}
        self._open: dict[int, Execution] = {}
        self._laying_out = ThreadPoolExecutor(LAID_OUT_AT_ONCE, thread_name_prefix="lay-out")
        self._preparing = ThreadPoolExecutor(PREPARED_AT_ONCE, thread_name_prefix="prepare")
        self._is_stopping = False
        context.store.create_tables(runs.SCHEMA + metrics.SCHEMA)
        self._capacity.subscribe(changed=self._look_again, removed=self._end_jobs_of)

    def start(self) -> None:
        """Takes up the jobs that an earlier amlocal left open, then gives out nodes until stop()."""
        with self._context.store.reading() as connection:
            left = runs.find_open_jobs(connection)
        for run in left:
            self._take_up(self._new_execution(run))
        threading.Thread(target=self._give_nodes, name="runner", daemon=True).start()

    def stop(self) -> None:
        """Ends the process group of every running job; the waiting ones wait for the next start."""
        with self._changed:
            self._is_stopping = True
            running = list(self._running.values())
            self._changed.notify_all()
        for pool in (self._laying_out, self._preparing):
            pool.shutdown(wait=False, cancel_futures=True)
        for execution in running:
            execution.interrupt(failures.INTERRUPTED)
        for execution in running:
            execution.ended.wait(10)

    def submit(self, run: runs.Run) -> None:
        """Begins a job whose run and record are already stored."""
        self._lay_out_soon(self._new_execution(run))

    def cancel(self, run: runs.Run) -> None:
        """Asks a job to stop; one that has ended stays as it is."""
        with self._context.store.writing() as connection:
            if not runs.advance(connection, run, "CancelRequested"):
                return
        with self._changed:
            execution = self._open.get(run.number)
            if execution is None or run.number not in self._running:
                self._ready.pop(run.number, None)
                self._open.pop(run.number, None)
                self._changed.notify_all()
                execution = execution or self._new_execution(run)
                execution.end_as("Canceled")
                return
        execution.cancel()

    def explain(self, run: runs.Run) -> str:
        """Why a job is still queued, in a sentence; "" when it does not wait for a node."""
        with self._changed:
            mine = self._ready.get(run.number)
            if mine is None:
                return ""
            ahead = sum(other.cluster == mine.cluster for number, other in self._ready.items() if number < run.number)
            reason = self._obstacle(mine) or f"The job waits for compute '{mine.cluster[1]}'"
            return f"{reason.rstrip('.')}, and {ahead} jobs are before it in the queue."

    def forget_workspace(self, scope: Scope) -> None:
        """Cancels whatever still runs in a workspace that is being deleted."""
        with self._context.store.reading() as connection:
            mine = [run for run in runs.find_open_jobs(connection) if run.scope == scope.key]
        for run in mine:
            self.cancel(run)

    def _new_execution(self, run: runs.Run) -> Execution:
        return Execution(self._context, run, self._look_again)

    def _look_again(self) -> None:
        """More jobs may run now."""
        with self._changed:
            self._changed.notify_all()

    def _end_jobs_of(self, scope: Scope, name: str) -> None:
        """Ends the jobs of a compute that is being deleted. That Azure fails them is a guess."""
        failure = failures.of_deleted_compute(name)
        with self._changed:
            mine = [other for other in self._open.values() if other.cluster == (scope.key, name.lower())]
            for execution in mine:
                self._ready.pop(execution.run.number, None)
            idle = [execution for execution in mine if execution.run.number not in self._running]
            for execution in idle:
                self._open.pop(execution.run.number, None)
        for execution in mine:
            if execution in idle:
                execution.fail(failure)
            else:
                execution.interrupt(failure)

    def _take_up(self, execution: Execution) -> None:
        status = execution.run.status
        if status in ("Running", "Finalizing", "CancelRequested"):
            with self._changed:
                self._open[execution.run.number] = self._running[execution.run.number] = execution
                self._capacity.nodes.take(execution.cluster, execution.run.id, execution.node_count)
            threading.Thread(target=self._follow, args=(execution, True), name=execution.run.id, daemon=True).start()
        else:
            self._lay_out_soon(execution)

    def _lay_out_soon(self, execution: Execution) -> None:
        with self._changed:
            if not self._is_stopping:
                self._open[execution.run.number] = execution
                self._laying_out.submit(self._lay_out, execution)

    def _lay_out(self, execution: Execution) -> None:
        is_done = self._try(execution, execution.lay_out)
        with self._changed:
            if is_done and not self._is_stopping:
                self._preparing.submit(self._prepare, execution)

    def _prepare(self, execution: Execution) -> None:
        is_done = self._try(execution, execution.prepare)
        with self._changed:
            if is_done and execution.run.number in self._open:
                self._ready[execution.run.number] = execution
                self._changed.notify_all()

    def _try(self, execution: Execution, step: Callable[[], bool]) -> bool:
        """Takes the step; False, and the job is no longer open, when it ended with it."""
        try:
            is_done = step()
        except Exception:
            # Who cancels a job takes its files from under this.
            if execution.run.number in self._open:
                log.exception("job %s could not be prepared", execution.run.id)
            execution.fail(failures.INTERNAL)
            is_done = False
        if not is_done:
            execution.delete_files()
            with self._changed:
                self._open.pop(execution.run.number, None)
                self._changed.notify_all()
        return is_done

    def _give_nodes(self) -> None:
        while True:
            with self._changed:
                if self._is_stopping:
                    return
                for execution in self._next():
                    del self._ready[execution.run.number]
                    self._running[execution.run.number] = execution
                    execution.given_nodes_ms = runs.now_ms()
                    self._capacity.nodes.take(execution.cluster, execution.run.id, execution.node_count)
                    threading.Thread(
                        target=self._follow, args=(execution, False), name=execution.run.id, daemon=True
                    ).start()
                # Idle nodes that go, and quotas that change, tell nobody.
                self._changed.wait(5)

    def _next(self) -> Iterator[Execution]:
        """Those that can start now, one after another. A cluster's jobs start in the order they came in: one that is
        not ready holds up the later ones, unless its environment is being built."""
        held = set()
        self._capacity.clear_shortages()
        for number in sorted(self._open.keys() - self._running.keys()):
            execution = self._open[number]
            if execution.cluster in held:
                continue
            if number in self._ready and not self._obstacle(execution):
                yield execution
            elif number in self._ready or not execution.is_build_awaited:
                held.add(execution.cluster)

    def _obstacle(self, execution: Execution) -> str:
        """Why a job that is ready cannot start now, in a sentence; "" when it can."""
        used, cluster = self._used(execution), self._find_cluster(execution)
        scale = clusters.read_scale(self._context, cluster) if cluster else None
        most = scale.most if scale else DEFAULT_NODES
        # What is no cluster grows as Azure's serverless compute does.
        if used + execution.node_count > most and (used > 0 or cluster):
            return (
                f"The job waits for {execution.node_count} of the {most} nodes of compute '{execution.cluster[1]}':"
                f" {used} are in use"
            )
        if cluster is None:
            return ""
        idle = sum(not node.run for node in clusters.read_nodes(self._context, execution.scope, cluster)[0])
        count = max(0, execution.node_count - idle)
        shortage = usages.find_shortage(self._context, execution.scope, cluster, count)
        if shortage:
            self._capacity.note_shortage(execution.cluster, shortage)
        return shortage

    def _used(self, execution: Execution) -> int:
        return sum(other.node_count for other in self._running.values() if other.cluster == execution.cluster)

    def _find_cluster(self, execution: Execution) -> Record | None:
        """None for what has no nodes of its own: serverless, Kubernetes."""
        record = self._context.store.get(computes.KIND, execution.scope, execution.cluster[1])
        return record if record and clusters.read_scale(self._context, record) else None

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
                self._capacity.nodes.give_back(execution.cluster, execution.run.id)
                self._changed.notify_all()
