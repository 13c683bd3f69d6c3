"""One amlocal for these tests and a connection to its first workspace; no fault and no pace outlives a test."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.azure import codes, connections, environments, jobs, rest
from ops.azure.connections import Connection, Identity, Target
from ops.azure.facts import JobFacts, JobRequest
from tests.amlocal_server import AmlocalServer

IDENTITY = Identity("local")
TAGS = {"portolan-operation": "op-1"}
FINAL = {"Completed", "Failed", "Canceled"}
# What a training run leaves behind, without the seconds that a Python with a framework needs to start.
LEAVE_FILES = (
    "mkdir -p outputs/model/weights && printf '{}' > outputs/model/model.json"
    " && printf 'bytes' > outputs/model/weights/w.bin && head -c 3000000 /dev/zero > outputs/large.bin"
    " && echo 'Grüße from the job' && echo done"
)
_numbers = itertools.count(1)
_finished: list[str] = []


@pytest.fixture
def server(shared_amlocal: AmlocalServer) -> Iterator[AmlocalServer]:
    with shared_amlocal.client_environment():
        shared_amlocal.forget_requests()
        yield shared_amlocal
        shared_amlocal.clear_faults()
        shared_amlocal.pace("immediate", retry_after=1)


@pytest.fixture
def target(server: AmlocalServer) -> Target:
    names = ("AMLOCAL_SUBSCRIPTION_ID", "AMLOCAL_RESOURCE_GROUP", "AMLOCAL_WORKSPACE")
    return Target("local", *(server.env[name] for name in names))


@pytest.fixture
def connection(target: Target) -> Connection:
    return connections.connect(target, IDENTITY)


@pytest.fixture
def name() -> Callable[[str], str]:
    """A name nobody else has used on this server."""
    return lambda word: f"{word}-{next(_numbers)}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of code with content of its own, and with files that must not be uploaded."""
    folder = tmp_path / "src"
    (folder / "package" / "__pycache__").mkdir(parents=True)
    (folder / "score.py").write_text(f"# {time.time_ns()}\ndef init(): pass\n\ndef run(data): return data\n")
    (folder / "package" / "lenet.py").write_text("LAYERS = 5\n")
    (folder / "package" / "__pycache__" / "lenet.cpython-311.pyc").write_bytes(b"\0")
    return folder


@pytest.fixture
def conda_file(tmp_path: Path) -> Path:
    file = tmp_path / "conda.yml"
    file.write_text("name: plain\nchannels: [conda-forge]\ndependencies: [python=3.11]\n")
    return file


@pytest.fixture
def environment_id(connection: Connection, conda_file: Path) -> str:
    return environments.ensure(connection, "portolan-plain", "1", conda_file, "ubuntu:22.04", TAGS)


@pytest.fixture
def spec(connection: Connection, name: Callable[[str], str], environment_id: str, source: Path) -> JobRequest:
    return JobRequest(
        name=name("run"),
        display_name="Plain run",
        experiment="plain",
        command=LEAVE_FILES,
        code_id=codes.upload(connection, source),
        environment_id=environment_id,
        compute="cpu-cluster",
        tags=TAGS,
    )


def until(look: Callable[[], Any], is_there: Callable[[Any], bool], seconds: float = 30) -> Any:
    """What `look` answers once `is_there` agrees; fails after `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not is_there(found := look()):
        assert time.monotonic() < give_up_at, f"still {found!r} after {seconds} seconds"
        time.sleep(0.1)
    return found


def sent(server: AmlocalServer, method: str = "", path: str = "") -> list[str]:
    """The requests that amlocal got, "METHOD /path", without those that steer it."""
    found = server.requests(method, path)
    return [f"{entry['method']} {entry['path']}" for entry in found if not entry["path"].startswith("/_amlocal")]


def finish(connection: Connection, run: str) -> JobFacts:
    """The run once it is over."""
    return until(lambda: jobs.get(connection, run), lambda job: job.status in FINAL)


def wait(connection: Connection, url: str) -> None:
    """Until the operation behind `url` has succeeded."""
    if url:
        end = until(lambda: rest.poll(connection, url), lambda poll: poll.status != "running")
        assert end.status == "succeeded", end


@pytest.fixture
def run(connection: Connection, spec: JobRequest) -> str:
    """The name of a completed run that left outputs/model behind: one for all tests, which only read it."""
    if not _finished:
        # A name of its own: the test that asks first may use ``spec`` for another run.
        shared = replace(spec, name=f"{spec.name}-shared")
        jobs.create(connection, shared)
        assert finish(connection, shared.name).status == "Completed"
        _finished.append(shared.name)
    return _finished[0]
