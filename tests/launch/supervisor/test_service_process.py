"""One service as a process: becomes ready, fails with a sentence, is started again, is ended with all it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.console import Problem
from launch.supervisor import processes, service_process
from launch.supervisor.service_process import Service, ServiceProcess

ROOT = Path(__file__).resolve().parents[3]
READY = "print('ready', flush=True); import time; time.sleep(60)"
GRANDCHILD = "import subprocess, sys; subprocess.Popen(['sleep', '60'], start_new_session=True);" + READY


def echo(program, **options):
    def is_ready(log, begin):
        return b"ready" in log.read_bytes()[begin:]

    return Service("echo", [sys.executable, "-c", program], dict(os.environ), is_ready, **options)


@pytest.fixture
def start(tmp_path):
    started = []

    def run(program, **options):
        started.append(ServiceProcess(echo(program, **options), tmp_path))
        return started[-1]

    yield run
    service_process.stop(started, hurry=lambda: True)


def wait_for(is_so, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def become_ready(child):
    wait_for(lambda: child.check_ready() or child.is_ready)


def test_a_service_says_when_it_is_ready(start, capsys):
    become_ready(start(READY))
    assert "echo" in capsys.readouterr().out


def test_a_service_that_ends_while_starting_is_a_problem_with_its_last_line(start):
    child = start("raise SystemExit('the port is taken')")
    child.process.wait()
    with pytest.raises(Problem, match=r"echo ended while starting \(code 1\): the port is taken Its log: .*echo.log"):
        child.check_ready()


def test_a_service_that_is_never_ready_is_a_problem(start):
    child = start("import time; time.sleep(60)", ready_seconds=0.1)
    time.sleep(0.2)
    with pytest.raises(Problem, match="echo is not ready after 0 s"):
        child.check_ready()


def test_a_crashed_service_is_started_again_after_a_pause_that_grows(start, monkeypatch):
    monkeypatch.setattr(service_process, "FIRST_PAUSE_SECONDS", 0.1)
    child = start(READY)
    child.pause_seconds = 0.1
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    child.keep_alive()
    assert child.process.pid == first, "not at once"
    assert child.pause_seconds == 0.2
    wait_for(lambda: child.keep_alive() or child.process.pid != first)
    assert child.process.poll() is None


def test_stopping_ends_grandchildren_in_sessions_of_their_own(start):
    child = start(GRANDCHILD)
    become_ready(child)
    (grandchild,) = processes.descendants(child.process.pid)
    service_process.stop([child], hurry=lambda: False)
    assert not grandchild.is_alive()
    assert child.process.returncode == -signal.SIGTERM


def test_a_service_that_ignores_the_request_is_killed(start):
    child = start(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}", stop_seconds=0.3)
    become_ready(child)
    service_process.stop([child], hurry=lambda: False)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="macOS cannot bind a child's life to its parent's")
def test_a_service_dies_with_its_supervisor_even_when_that_is_killed(tmp_path):
    program = (
        "import sys, os, time; from pathlib import Path;"
        "from launch.supervisor.service_process import Service, ServiceProcess;"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)'];"
        "service = Service('sleep', command, dict(os.environ), lambda *a: True);"
        "child = ServiceProcess(service, Path(sys.argv[1])); print(child.process.pid, flush=True); time.sleep(60)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    service = processes.find(int(supervisor.stdout.readline()))
    assert service.is_alive()
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    wait_for(lambda: not service.is_alive())
