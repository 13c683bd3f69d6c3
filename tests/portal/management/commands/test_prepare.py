"""manage.py prepare: migrates an empty database and prints the first owner's link while there are no users."""

import json
import os
import sqlite3
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.urls import resolve

from portal import onboarding

ROOT = Path(__file__).resolve().parents[4]


def prepared(**options):
    output = StringIO()
    call_command("prepare", stdout=output, **options)
    return output.getvalue()


@pytest.mark.django_db
def test_without_users_it_prints_a_link_that_works():
    token = prepared().strip().rpartition("/setup/")[2].rstrip("/")
    assert onboarding.is_open(token)


@pytest.mark.django_db
def test_the_link_leads_to_the_page_of_that_name():
    path = prepared().strip().rpartition(" ")[2]
    assert resolve(path).view_name == "accounts:setup"


@pytest.mark.django_db
def test_the_supervisor_reads_the_path_from_the_last_line():
    path = json.loads(prepared(json=True).splitlines()[-1])["setup_path"]
    assert onboarding.is_open(path.removeprefix("/setup/").rstrip("/"))


def test_with_users_there_is_no_link(alice):
    assert prepared() == ""
    assert json.loads(prepared(json=True)) == {"setup_path": ""}


@pytest.mark.django_db
def test_a_database_of_an_older_portal_is_refused_with_a_sentence_and_left_alone():
    MigrationRecorder(connection).record_applied("portal", "0001_initial")
    before = MigrationRecorder(connection).applied_migrations()
    with pytest.raises(CommandError, match=r"portal\.0001_initial.*--reset"):
        prepared()
    assert MigrationRecorder(connection).applied_migrations() == before


@pytest.mark.slow
def test_it_makes_the_tables_of_an_empty_database(tmp_path):
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_"))}
    environment = given | {"PORTAL_HOME": str(tmp_path)}
    command = [sys.executable, "manage.py", "prepare", "--json"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "/setup/" in json.loads(answer.stdout.splitlines()[-1])["setup_path"]
    database = sqlite3.connect(tmp_path / "portal.sqlite3")
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"django_migrations", "ops_operation"} <= tables
