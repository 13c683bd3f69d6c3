"""The same tests once more on PostgreSQL: rules, rows, pages, the API and the engine, in a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres_server import postgres  # noqa: F401  (a fixture)

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "tests/ops/services",
    "tests/ops/engine",
    "tests/portal/api",
    "tests/portal/views",
    "tests/portal/queries",
    "tests/portal/presenters",
    "tests/portal/scenarios/test_at_once.py",
    "tests/accounts",
)


@pytest.mark.extended
@pytest.mark.postgres
@pytest.mark.slow
def test_services_engine_and_pages_work_on_postgresql(postgres):  # noqa: F811
    given = [folder for folder in FOLDERS if (ROOT / folder).exists()]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"DATABASE_URL": postgres.url()},
        timeout=600,
    )
    assert answer.returncode == 0, answer.stdout[-4000:]


@pytest.mark.postgres
def test_no_migration_is_missing_and_none_is_refused_by_postgresql(postgres):  # noqa: F811
    for command in (["makemigrations", "--check", "--dry-run"], ["migrate", "--verbosity", "0"]):
        answer = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=os.environ | {"DATABASE_URL": postgres.url(), "DJANGO_SETTINGS_MODULE": "portal.settings"},
            timeout=120,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
