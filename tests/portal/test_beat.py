"""``python -m portal.beat``: what it sends, that it needs no Django, and that a queue that dies does not end it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import queue_settings
from tests.ops.brokers import Broker

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def broker():
    broker = Broker().start()
    yield broker
    broker.remove()


@pytest.fixture
def beat(broker):
    environment = os.environ | {"REDIS_URL": broker.url, "PORTAL_CLOUDS": "local,AzureCloud"}
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.beat"], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.terminate()
    process.communicate(timeout=20)


def await_messages(broker, queue, wanted, seconds=20):
    """The first ``wanted`` messages of the queue; AssertionError when they do not come in time."""
    give_up_at = time.monotonic() + seconds
    while len(found := broker.messages(queue)) < wanted:
        assert time.monotonic() < give_up_at, found
        time.sleep(0.1)
    return found


def test_all_messages_are_sent_when_it_starts_each_to_its_queue_and_none_for_ever(broker, beat):
    began = time.monotonic()
    portal = await_messages(broker, "portal", 2)
    assert {(task, *arguments) for task, arguments, _ in portal[:2]} == {("ops.dispatch",), ("ops.heartbeat", "portal")}
    for cloud in ("cloud.local", "cloud.AzureCloud"):
        ((task, arguments, headers),) = await_messages(broker, cloud, 1)
        assert (task, arguments) == ("ops.heartbeat", [cloud])
        assert headers["expires"]
    assert time.monotonic() - began < queue_settings.HEARTBEAT_SECONDS, "they did not wait for their period"
    dispatches = [message for message in await_messages(broker, "portal", 4) if message[0] == "ops.dispatch"]
    assert len(dispatches) >= 3


def test_it_goes_on_when_the_queue_comes_back(broker, beat):
    await_messages(broker, "portal", 2)
    broker.stop()
    time.sleep(queue_settings.DISPATCH_SECONDS)
    assert beat.poll() is None
    broker.start()
    broker.clear()
    assert ("ops.dispatch", []) in [message[:2] for message in await_messages(broker, "portal", 1)]


def test_it_loads_neither_django_nor_the_command_line_of_celery():
    program = (
        "import json, sys; from portal import beat; beat.make_service().scheduler;"
        "print(json.dumps([n for n in ('django.apps', 'django.db', 'celery.bin', 'ops') if n in sys.modules]))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert json.loads(answer.stdout) == [], answer.stderr
