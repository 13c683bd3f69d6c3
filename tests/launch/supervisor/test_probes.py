"""Ports that are taken, and services that answer or do not."""

import socket

import pytest

from launch.console import Problem
from launch.supervisor import probes


def test_a_taken_port_is_a_sentence_with_the_setting_to_change():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=rf"Port {port} on 127.0.0.1 is taken .* choose another with PORTAL_PORT="):
            probes.check_port("127.0.0.1", port, "PORTAL_PORT")
    probes.check_port("127.0.0.1", port, "PORTAL_PORT")


def test_an_address_of_another_machine_is_told_apart():
    with pytest.raises(Problem, match="is not an address of this machine"):
        probes.check_port("192.0.2.1", 8000, "PORTAL_BIND")


def test_nothing_answers_where_nothing_is(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not probes.answers_http(f"http://127.0.0.1:{port}/healthz")
    assert not probes.answers_ping(tmp_path / "valkey.sock")


def test_only_what_is_logged_since_the_start_counts(tmp_path):
    log = tmp_path / "worker.log"
    log.write_bytes(b"celery ready.\n")
    assert probes.log_contains(log, 0, b"ready.")
    assert not probes.log_contains(log, 14, b"ready.")
