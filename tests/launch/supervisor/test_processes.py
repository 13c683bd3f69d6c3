"""Telling processes apart, finding what descends from them, and ending them; with real processes."""

import os
import subprocess
import sys

import pytest

from launch.supervisor import processes
from launch.supervisor.processes import Process

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
PARENT = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True); {SLEEP}"


@pytest.fixture
def start():
    started = []

    def run(program):
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(child)
        return child

    yield run
    for child in started:
        processes.kill_group(child.pid)
        child.wait()
        child.stdout.close()


def test_a_process_is_known_by_its_start_and_not_by_its_number_alone(start):
    child = start(SLEEP)
    process = processes.find(child.pid)
    assert process.is_alive()
    assert not Process(child.pid, "some other time").is_alive()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.born(child.pid) == "", "a zombie counts as dead"


def test_a_process_that_never_was_is_not_alive():
    assert not processes.find(2**22 + 1).is_alive()


def test_the_family_has_grandchildren_in_whatever_session(start):
    child = start(PARENT)
    grandchild = int(child.stdout.readline())
    assert [process.pid for process in processes.descendants(child.pid)] == [grandchild]
    assert child.pid in [process.pid for process in processes.descendants(os.getpid())]


def test_what_is_left_of_a_killed_leader_is_found_by_its_group(start):
    child = start(PARENT)
    leader, grandchild = processes.find(child.pid), int(child.stdout.readline())
    child.kill()
    child.wait()
    left = processes.left_of(leader)
    assert [process.pid for process in left] == [grandchild]
    processes.end(left, grace_seconds=5)
    assert not processes.find(grandchild).is_alive()


def test_a_process_that_ignores_the_request_is_killed(start):
    child = start(STUBBORN)
    assert child.stdout.readline() == "deaf\n"
    processes.end([processes.find(child.pid)], grace_seconds=0.3)
    assert child.wait(5) == -9
