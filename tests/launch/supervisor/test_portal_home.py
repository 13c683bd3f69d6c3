"""PORTAL_HOME: the lock, notes of what runs, logs, and emptying."""

import json
import subprocess
import sys

import pytest

from launch.console import Problem
from launch.supervisor import portal_home, processes

HOLD = """
import sys, time
from pathlib import Path
from launch.supervisor import portal_home
with portal_home.exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_server_on_the_folder_is_told_who_serves_it(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Problem, match=f"already served by process {holder.pid}"), portal_home.exclusive(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with portal_home.exclusive(tmp_path):
        assert (tmp_path / "server.lock").read_text()


def test_sockets_have_a_short_private_folder_that_goes_away(tmp_path):
    with portal_home.sockets(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(str(folder / "valkey.sock")) < 90
        assert json.loads((tmp_path / "run" / "sockets.json").read_text()) == {"folder": str(folder)}
    assert not folder.exists()
    assert not (tmp_path / "run" / "sockets.json").exists()


def test_the_next_start_ends_what_a_killed_one_left(tmp_path, capsys):
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    facts = processes.find(left.pid)
    portal_home.record(tmp_path, "worker", {"pid": facts.pid, "born": facts.born})
    portal_home.end_leftovers(tmp_path)
    assert left.wait(5) == -15
    assert "left behind" in capsys.readouterr().out
    assert not list((tmp_path / "run").glob("*.json"))


def test_a_stranger_with_a_noted_number_is_left_alone(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        portal_home.record(tmp_path, "worker", {"pid": stranger.pid, "born": "another time"})
        portal_home.end_leftovers(tmp_path)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_emptying_keeps_what_is_not_the_portals(tmp_path):
    (tmp_path / "portal.sqlite3-wal").write_text("rows")
    (tmp_path / "amlocal" / "blobs").mkdir(parents=True)
    (tmp_path / "thesis.txt").write_text("mine")
    portal_home.empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_long_log_moves_aside_while_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(portal_home, "LOG_BYTES", 10)
    log = portal_home.log_path(tmp_path, "web")
    with log.open("ab", buffering=0) as writer:
        writer.write(b"the first lines\n")
        portal_home.rotate_log(log)
        writer.write(b"later\n")
    assert log.with_suffix(".log.1").read_bytes() == b"the first lines\n"
    assert log.read_bytes() == b"later\n"
    portal_home.rotate_log(log)
    assert log.read_bytes() == b"later\n", "short logs stay"
