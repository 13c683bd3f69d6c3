"""script/server as a newcomer meets it: first start, Ctrl-C, kill -9, a second start, a taken port, --reset."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.journeys.servers import ROOT, RunningServer, make_owner, sign_in, wait_for

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find what still runs")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("home")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def owner(server):
    return make_owner(server)


def is_well(server):
    return requests.get(f"{server.url}/healthz", timeout=20).status_code == 200


def service_pid(server, name):
    return json.loads((server.home / "run" / f"{name}.json").read_text())["pid"]


def test_it_prints_each_part_with_its_time_and_the_first_owners_link(server, owner):
    text = "\n".join(server.lines)
    for name in ("valkey", "amlocal", "web", "worker-portal", "worker-local", "beat"):
        assert f"  {name} " in text
    assert f"s: {server.url}" in text
    assert "/setup/" in server.setup_path
    assert owner.list("workspaces") == []


def test_the_link_works_once(server, owner):
    with pytest.raises(Exception, match="404"):
        owner.download(server.setup_path)


def test_all_parts_are_well_after_a_while(server, owner):
    wait_for(lambda: is_well(server), 40, "healthz stays degraded")


@needs_proc
def test_the_web_process_does_not_hold_amlocals_key(server):
    environment = Path(f"/proc/{service_pid(server, 'web')}/environ").read_bytes()
    assert b"PORTAL_CA_BUNDLE=" in environment
    assert b"MSI_SECRET" not in environment
    assert b"MSI_SECRET" in Path(f"/proc/{service_pid(server, 'worker-local')}/environ").read_bytes()


def test_a_second_server_on_the_folder_is_a_sentence(server):
    answer = subprocess.run(
        [sys.executable, "-m", "launch.supervisor"], cwd=ROOT, env=server.environment, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert "is already served by process" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_taken_port_is_a_sentence_that_names_the_setting(server, tmp_path):
    other = RunningServer(tmp_path)
    other.port = server.port
    answer = subprocess.run(
        [sys.executable, "-m", "launch.supervisor"], cwd=ROOT, env=other.environment, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert (
        f"Port {server.port} on 127.0.0.1 is taken by another program: choose another with PORTAL_PORT="
        in answer.stderr
    )


def test_valkey_may_die_three_times_and_the_site_goes_on(server, owner):
    for _ in range(3):
        before = service_pid(server, "valkey")
        os.kill(before, signal.SIGKILL)
        assert owner.list("operations") == [], "pages work while the queue is away"
        wait_for(lambda before=before: service_pid(server, "valkey") != before, 40, "it is not started again")
    wait_for(lambda: is_well(server), 60, "the workers did not come back")
    assert any("valkey ended (code -9); it starts again" in line for line in server.lines)


@needs_proc
def test_ctrl_c_ends_everything_and_a_second_start_finds_everything(server, owner):
    assert len(server.processes()) > 6
    assert server.stop() == 0
    assert server.processes() == []
    server.start()
    assert server.setup_path == "", "there are users"
    assert sign_in(server).list("workspaces") == []


@needs_proc
def test_after_kill_9_of_the_supervisor_nothing_stays_and_it_starts_again(server, owner):
    server.kill()
    wait_for(lambda: not server.processes(), 30, "its children live on")
    server.start()
    sign_in(server)


def test_a_reset_needs_consent_and_then_empties_the_folder(server, owner):
    server.stop()
    refused = subprocess.run(
        [sys.executable, "-m", "launch.supervisor", "--reset"],
        cwd=ROOT,
        env=server.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "add --yes" in refused.stderr
    assert (server.home / "portal.sqlite3").exists()
    server.start("--reset", "--yes")
    assert server.setup_path, "no users again"


def test_a_setting_that_is_no_number_is_a_sentence(tmp_path):
    server = RunningServer(tmp_path, PORTAL_PORT="eighty")
    answer = subprocess.run(
        [sys.executable, "-m", "launch.supervisor"], cwd=ROOT, env=server.environment, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert answer.stderr.strip() == "PORTAL_PORT must be a whole number, not 'eighty'"
