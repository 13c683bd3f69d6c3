"""Experiments and runs in SQLite: status, times, tags, params, errors. A job is a run with the same name; what a job
asks for is in jobs.py.

Metric values are in metrics.py, MLflow's search words in filters.py, the REST answers in mlflow_runs.py and history.py.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS experiments (
    number INTEGER PRIMARY KEY, scope TEXT NOT NULL, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL COLLATE NOCASE,
    lifecycle TEXT NOT NULL DEFAULT 'active',
    tags TEXT NOT NULL DEFAULT '{}', created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, UNIQUE (scope, name)
);
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, scope TEXT NOT NULL, id TEXT NOT NULL COLLATE NOCASE, experiment INTEGER NOT NULL
    REFERENCES experiments (number),
    name TEXT NOT NULL, status TEXT NOT NULL, lifecycle TEXT NOT NULL DEFAULT 'active', is_job INTEGER NOT NULL, user
    TEXT NOT NULL,
    created_ms INTEGER NOT NULL, start_ms INTEGER, end_ms INTEGER, error TEXT, warnings TEXT NOT NULL DEFAULT '[]',
    UNIQUE (scope, id)
);
CREATE INDEX IF NOT EXISTS runs_by_place ON runs (scope, number);
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (scope, created_ms, number);
CREATE INDEX IF NOT EXISTS runs_by_experiment ON runs (experiment, created_ms);
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (experiment, COALESCE(start_ms, created_ms), number);
CREATE INDEX IF NOT EXISTS runs_of_all_by_start ON runs (scope, COALESCE(start_ms, created_ms), number);
CREATE INDEX IF NOT EXISTS runs_open ON runs (status) WHERE status NOT IN ('Completed', 'Failed', 'Canceled');
CREATE TABLE IF NOT EXISTS run_tags (run INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run,
name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run_params (run INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run,
name)) WITHOUT ROWID;
"""

FINAL = ("Completed", "Failed", "Canceled")
_COLUMNS = (
    "r.number, r.scope, r.id, r.name, r.status, r.lifecycle, r.is_job, r.user,"
    " r.created_ms, r.start_ms, r.end_ms, r.error, r.warnings, e.id, e.name"
)
_FROM = "runs r JOIN experiments e ON e.number = r.experiment"


@dataclass(frozen=True)
class Experiment:
    number: int
    id: str
    name: str
    lifecycle: str
    tags: dict[str, str]
    created_ms: int
    modified_ms: int


@dataclass(frozen=True)
class Run:
    """`scope` is the workspace's key; times in milliseconds since 1970; error is {"code", "message"}."""

    number: int
    scope: str
    id: str
    name: str
    status: str
    lifecycle: str
    is_job: bool
    user: str
    created_ms: int
    start_ms: int | None
    end_ms: int | None
    error: dict[str, Any] | None
    warnings: list[str]
    experiment_id: str
    experiment_name: str

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def ensure_experiment(connection: sqlite3.Connection, scope: str, name: str) -> Experiment:
    """The experiment of that name, made when there is none."""
    found = find_experiment(connection, scope, name=name)
    if found is not None:
        return found
    now = now_ms()
    connection.execute(
        "INSERT INTO experiments (scope, id, name, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?)",
        (scope, str(uuid.uuid4()), name, now, now),
    )
    made = find_experiment(connection, scope, name=name)
    assert made is not None
    return made


def find_experiment(
    connection: sqlite3.Connection, scope: str, *, name: str | None = None, identifier: str | None = None
) -> Experiment | None:
    column, value = ("name", name) if identifier is None else ("id", identifier)
    return next(iter(list_experiments(connection, scope, where=f"{column} = ?", values=[value])), None)


def list_experiments(
    connection: sqlite3.Connection,
    scope: str,
    *,
    where: str = "1",
    values: Sequence[Any] = (),
    order: str = "created_ms DESC, number DESC",
    limit: int = 1,
    start: int = 0,
) -> list[Experiment]:
    """`where` and `order` are SQL of our own making, never a caller's text."""
    columns = "number, id, name, lifecycle, tags, created_ms, modified_ms"
    query = f"SELECT {columns} FROM experiments WHERE scope = ? AND {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    rows = connection.execute(query, [scope, *values, limit, start])
    return [
        Experiment(number, key, name, lifecycle, json.loads(tags), created, modified)
        for number, key, name, lifecycle, tags, created, modified in rows
    ]


def change_experiment(connection: sqlite3.Connection, experiment: Experiment, **columns: str) -> None:
    settings = ", ".join(f"{column} = ?" for column in columns)
    connection.execute(
        f"UPDATE experiments SET {settings}, modified_ms = ? WHERE number = ?",  # noqa: S608
        [*columns.values(), now_ms(), experiment.number],
    )


def change_all(connection: sqlite3.Connection, experiment: Experiment, *, lifecycle: str) -> None:
    """What an experiment's runs share with it."""
    connection.execute("UPDATE runs SET lifecycle = ? WHERE experiment = ?", (lifecycle, experiment.number))


def create(
    connection: sqlite3.Connection,
    scope: str,
    run_id: str,
    experiment: Experiment,
    *,
    name: str,
    status: str,
    is_job: bool,
    user: str,
    tags: dict[str, str],
    start_ms: int | None = None,
) -> Run:
    """Raises sqlite3.IntegrityError when the id is taken (compared without case)."""
    cursor = connection.execute(
        "INSERT INTO runs (scope, id, experiment, name, status, is_job, user, created_ms, start_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (scope, run_id, experiment.number, name, status, int(is_job), user, now_ms(), start_ms),
    )
    set_tags(connection, int(cursor.lastrowid or 0), tags)
    made = find(connection, scope, run_id)
    assert made is not None
    return made


def find(connection: sqlite3.Connection, scope: str, run_id: str) -> Run | None:
    return next(iter(select(connection, "r.scope = ? AND r.id = ?", [scope, run_id])), None)


def find_open_jobs(connection: sqlite3.Connection) -> list[Run]:
    """Jobs of all workspaces that have not ended, oldest first."""
    return select(
        connection, "r.status NOT IN ('Completed', 'Failed', 'Canceled') AND r.is_job", [], order="r.number", limit=-1
    )


def select(
    connection: sqlite3.Connection,
    where: str,
    values: Sequence[Any],
    *,
    order: str = "r.number",
    order_values: Sequence[Any] = (),
    limit: int = 1,
    start: int = 0,
) -> list[Run]:
    """`where` and `order` are SQL of our own making (filters.py), never a caller's text."""
    query = f"SELECT {_COLUMNS} FROM {_FROM} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    return [_to_run(row) for row in connection.execute(query, [*values, *order_values, limit, start])]


def within(
    connection: sqlite3.Connection, scope: str, experiments: Sequence[str], *, is_by_id: bool
) -> tuple[str, list[Any]]:
    """SQL and its values for runs of these experiments, worded so that an index gives the newest first, or those of
    the ids that the rest of the condition names."""
    query = "SELECT number FROM experiments WHERE scope = ? AND id IN (SELECT value FROM json_each(?))"
    numbers = [row[0] for row in connection.execute(query, (scope, json.dumps(list(experiments))))]
    if len(numbers) == 1 and not is_by_id:
        return "r.experiment = ?", numbers
    return "r.scope = ? AND +r.experiment IN (SELECT value FROM json_each(?))", [scope, json.dumps(numbers)]


def change(connection: sqlite3.Connection, run: Run, **columns: Any) -> None:
    """Sets columns such as status, start_ms, end_ms, error (dict), warnings (list), lifecycle, name."""
    settings = ", ".join(f"{column} = ?" for column in columns)
    values = [json.dumps(value) if isinstance(value, dict | list) else value for value in columns.values()]
    connection.execute(f"UPDATE runs SET {settings} WHERE number = ?", [*values, run.number])  # noqa: S608


def advance(
    connection: sqlite3.Connection, run: Run, status: str, *, unless: Iterable[str] = FINAL, **columns: Any
) -> bool:
    """Moves to a status unless the run is in one of `unless` by now; tells whether it did."""
    states = list(unless)
    marks = ",".join("?" * len(states))
    query = f"UPDATE runs SET status = ? WHERE number = ? AND status NOT IN ({marks}) RETURNING number"  # noqa: S608
    row = connection.execute(query, [status, run.number, *states]).fetchone()
    if row is not None and columns:
        change(connection, run, **columns)
    return row is not None


def set_tags(connection: sqlite3.Connection, run: int, tags: dict[str, str]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO run_tags (run, name, value) VALUES (?, ?, ?)",
        [(run, name, str(value)) for name, value in tags.items()],
    )


def delete_tags(connection: sqlite3.Connection, run: int, names: Sequence[str]) -> None:
    connection.executemany("DELETE FROM run_tags WHERE run = ? AND name = ?", [(run, name) for name in names])


def read_tags(connection: sqlite3.Connection, runs: Sequence[int]) -> dict[int, dict[str, str]]:
    return _read_pairs(connection, "run_tags", runs)


def add_params(connection: sqlite3.Connection, run: int, params: dict[str, str]) -> str | None:
    """Params are written once: returns the name of the first that has another value already, and then writes none."""
    known = read_params(connection, [run]).get(run, {})
    for name, value in params.items():
        if known.get(name, value) != value:
            return name
    connection.executemany(
        "INSERT OR IGNORE INTO run_params (run, name, value) VALUES (?, ?, ?)",
        [(run, name, value) for name, value in params.items()],
    )
    return None


def read_params(connection: sqlite3.Connection, runs: Sequence[int]) -> dict[int, dict[str, str]]:
    return _read_pairs(connection, "run_params", runs)


def _read_pairs(connection: sqlite3.Connection, table: str, runs: Sequence[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {run: {} for run in runs}
    query = f"SELECT run, name, value FROM {table} WHERE run IN (SELECT value FROM json_each(?))"  # noqa: S608
    for run, name, value in connection.execute(query, [json.dumps(list(runs))]):
        found[run][name] = value
    return found


def _to_run(row: tuple[Any, ...]) -> Run:
    (
        number,
        scope,
        run_id,
        name,
        status,
        lifecycle,
        is_job,
        user,
        created,
        start,
        end,
        error,
        warnings,
        experiment_id,
        experiment_name,
    ) = row
    return Run(
        number, scope, run_id, name, status, lifecycle, bool(is_job), user, created, start, end,
        json.loads(error) if error else None, json.loads(warnings), experiment_id, experiment_name,
    )  # fmt: skip
