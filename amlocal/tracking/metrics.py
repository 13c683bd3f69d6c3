"""Metric series and their points in SQLite: appended, read page by page, last values of many runs in one query. The
REST words stand in mlflow_runs.py.

A point is found by its place in the series, so the millionth costs what the first does.
"""

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS metric_series (
    number INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, points INTEGER NOT NULL,
    last_value REAL, last_step INTEGER NOT NULL, last_at_ms INTEGER NOT NULL, last_word TEXT,
    UNIQUE (run, name)
);
CREATE TABLE IF NOT EXISTS metric_points (
    series INTEGER NOT NULL, place INTEGER NOT NULL, step INTEGER NOT NULL, at_ms INTEGER NOT NULL, value REAL, word
    TEXT,
    PRIMARY KEY (series, place)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Point:
    """One value of one metric: step as logged, at_ms in milliseconds since 1970."""

    name: str
    value: float
    step: int
    at_ms: int


def append(connection: sqlite3.Connection, run: int, points: Iterable[Point]) -> None:
    """Adds points in their order; the last value is that of the highest (step, time, value), as MLflow defines it."""
    by_name: dict[str, list[Point]] = {}
    for point in points:
        by_name.setdefault(point.name, []).append(point)
    for name, mine in by_name.items():
        number, place = _series(connection, run, name)
        connection.executemany(
            "INSERT INTO metric_points (series, place, step, at_ms, value, word) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, place + i, point.step, point.at_ms, *_stored(point.value)) for i, point in enumerate(mine)],
        )
        last = max(
            reversed(mine), key=lambda point: (point.step, point.at_ms, not math.isnan(point.value), point.value)
        )
        value, word = _stored(last.value)
        connection.execute("UPDATE metric_series SET points = points + ? WHERE number = ?", (len(mine), number))
        connection.execute(
            "UPDATE metric_series SET last_value = ?, last_word = ?, last_step = ?, last_at_ms = ?"
            " WHERE number = ? AND ((last_step, last_at_ms) < (?, ?)"
            " OR ((last_step, last_at_ms) = (?, ?) AND COALESCE(last_value <= ?, last_value IS NULL)))",
            (value, word, last.step, last.at_ms, number, *[last.step, last.at_ms] * 2, value),
        )


def read_history(
    connection: sqlite3.Connection, run: int, name: str, *, start: int, limit: int
) -> tuple[list[Point], int | None]:
    """Points in the order they were logged, and the place to go on from (None at the end)."""
    row = connection.execute("SELECT number FROM metric_series WHERE run = ? AND name = ?", (run, name)).fetchone()
    if row is None:
        return [], None
    rows = connection.execute(
        "SELECT value, word, step, at_ms FROM metric_points WHERE series = ? AND place >= ? ORDER BY place LIMIT ?",
        (row[0], start, limit + 1),
    ).fetchall()
    points = [Point(name, _restored(value, word), step, at_ms) for value, word, step, at_ms in rows[:limit]]
    return points, start + limit if len(rows) > limit else None


def read_last(connection: sqlite3.Connection, runs: Sequence[int]) -> dict[int, list[Point]]:
    """Last value of every metric of the given runs."""
    found: dict[int, list[Point]] = {}
    query = (
        "SELECT run, name, last_value, last_word, last_step, last_at_ms FROM metric_series"
        " WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, name"
    )
    for run, name, value, word, step, at_ms in connection.execute(query, [json.dumps(list(runs))]):
        found.setdefault(run, []).append(Point(name, _restored(value, word), step, at_ms))
    return found


def delete(connection: sqlite3.Connection, run: int) -> None:
    connection.execute(
        "DELETE FROM metric_points WHERE series IN (SELECT number FROM metric_series WHERE run = ?)", (run,)
    )
    connection.execute("DELETE FROM metric_series WHERE run = ?", (run,))


def _series(connection: sqlite3.Connection, run: int, name: str) -> tuple[int, int]:
    row = connection.execute(
        "SELECT number, points FROM metric_series WHERE run = ? AND name = ?", (run, name)
    ).fetchone()
    if row is not None:
        return int(row[0]), int(row[1])
    before_all = -(2**62)
    cursor = connection.execute(
        "INSERT INTO metric_series (run, name, points, last_step, last_at_ms) VALUES (?, ?, 0, ?, ?)",
        (run, name, before_all, before_all),
    )
    return int(cursor.lastrowid or 0), 0


def _stored(value: float) -> tuple[float | None, str | None]:
    """SQLite keeps NaN as NULL, so NaN is kept as a word beside the number; so are the infinities."""
    if math.isfinite(value):
        return value, None
    return None if math.isnan(value) else value, "NaN" if math.isnan(
        value
    ) else "Infinity" if value > 0 else "-Infinity"


def _restored(value: float | None, word: str | None) -> float:
    return float(word) if word is not None else float(value or 0.0)
