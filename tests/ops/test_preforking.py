"""What a worker shares with its processes, and what it leaves alone before it forks."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

from ops import preforking
from ops.models import Heartbeat

ROOT = Path(__file__).resolve().parents[2]


def worker_of(*queues):
    """As much of a Celery worker as the signal's receiver reads."""
    return SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues))))


def run(program, home, **environment):
    """Whatever the program prints as its last line, in a Python of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "DATABASE_"))}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=inherited | {"PORTAL_HOME": str(home)} | environment,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def test_a_worker_loads_its_tasks_and_no_page_and_the_sdk_only_for_a_cloud(tmp_path):
    program = (
        "import json, sys; from portal.celery import app; app.loader.init_worker();"
        "print(json.dumps([name in sys.modules for name in ('ops.tasks', 'portal.urls', 'azure.ai.ml')]))"
    )
    assert run(program, tmp_path) == [True, False, False]


@pytest.mark.django_db(transaction=True)
def test_what_it_wrote_is_taken_back_and_no_connection_is_left_to_the_processes():
    preforking.preload(worker_of("portal", "scoring"))
    assert connection.connection is None
    assert not Heartbeat.objects.exists()
    assert gc.isenabled()


def test_a_database_that_does_not_answer_does_not_keep_a_worker_from_starting(tmp_path):
    program = (
        "import json, gc; from portal.celery import app; app.loader.init_worker(); from ops import preforking;"
        "from tests.ops.test_preforking import worker_of; preforking.preload(worker_of('portal'));"
        "print(json.dumps(gc.isenabled()))"
    )
    assert run(program, tmp_path, DATABASE_URL="postgres://me@127.0.0.1:1/nothing") is True


def test_the_collector_leaves_alone_what_all_processes_share(tmp_path):
    program = (
        "import json, gc; from portal.celery import app; app.loader.init_worker(); from celery import signals;"
        "before = gc.get_freeze_count(); signals.worker_before_create_process.send(sender=None);"
        "print(json.dumps([before, gc.get_freeze_count()]))"
    )
    before, after = run(program, tmp_path)
    assert before == 0
    assert after > 10_000
