"""Where the log of a job or a deployment lies, found without the server: `python -m amlocal logs NAME` works when it
is down too."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def find(home: Path, name: str) -> Path | None:
    """The log of a job (its name) or of a deployment (`ENDPOINT/DEPLOYMENT`, its first server's newest log)."""
    database = home / "amlocal.db"
    if not database.exists():
        return None
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        return _of_job(connection, home, name) or _of_deployment(connection, home, name)
    finally:
        connection.close()


def _of_job(connection: sqlite3.Connection, home: Path, name: str) -> Path | None:
    # Of a distributed job it is that of the first process.
    begin = f"ExperimentRun/dcid.{name}/user_logs/std_log"
    row = connection.execute(
        "SELECT file FROM blobs WHERE name BETWEEN ? COLLATE NOCASE AND ? COLLATE NOCASE"
        " ORDER BY name, created_at DESC",
        (f"{begin}.", f"{begin}_~"),
    ).fetchone()
    return home / "blobs" / row[0][:2] / row[0] if row else None


def _of_deployment(connection: sqlite3.Connection, home: Path, name: str) -> Path | None:
    endpoint, _, deployment = name.lower().partition("/")
    row = connection.execute(
        "SELECT id FROM resources WHERE kind='deployments' AND name_key=? AND version_key=? ORDER BY id DESC",
        (endpoint, deployment),
    ).fetchone()
    generations = [path for path in (home / "serving" / str(row[0])).glob("*") if path.name.isdigit()] if row else []
    newest = max(generations, key=lambda path: int(path.name), default=None)
    return newest / "logs" / "inference-server.log" if newest else None
