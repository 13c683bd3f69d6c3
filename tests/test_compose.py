"""docker-compose.yml is valid, and each service's command starts with its environment, here without Docker.

Host names and folders of the containers become this machine's loopback and temporary folders; nothing else is changed.
"""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import yaml

from launch.supervisor import probes, services
from tests.postgres_server import postgres  # noqa: F401  (a fixture)

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docker-compose.yml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]
GIVEN = {
    "POSTGRES_PASSWORD": "portolan",
    "AMLOCAL_SECRET": "a-long-secret-for-tests",
    "PORTAL_CLOUDS": "AzureCloud,local",
}
READY_SECONDS = 60


def test_the_compose_file_fits_the_schema_of_compose():
    tool = Path(sys.executable).with_name("check-jsonschema")
    answer = subprocess.run([tool, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_has_what_a_team_needs_and_the_local_azure_only_on_demand():
    assert {"web", "worker", "worker-azure", "beat", "redis", "postgres"} <= set(SERVICES)
    on_demand = {name for name, service in SERVICES.items() if "profiles" in service}
    assert on_demand == {"amlocal", "worker-local"}


def test_the_site_and_amlocal_are_not_published_to_the_network_by_themselves():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["${PORTAL_BIND:-127.0.0.1}:${PORTAL_PORT:-8000}:8000"]}


def test_only_the_worker_of_the_local_cloud_is_given_amlocals_secret():
    holders = {name for name, service in SERVICES.items() if "AMLOCAL_SECRET" in service.get("environment", {})}
    assert holders == {"amlocal", "worker-local"}
    assert "unset AMLOCAL_SECRET" in " ".join(SERVICES["worker-local"]["command"])


def test_every_setting_in_it_is_one_that_we_read():
    known = (ROOT / "docs/settings.md").read_text()
    names = {name for service in SERVICES.values() for name in service.get("environment", {})}
    ours = {name for name in names if name.startswith(("PORTAL_", "AMLOCAL_"))}
    assert ours
    given_by_server = {"AMLOCAL_HOME", "AMLOCAL_PORT", "AMLOCAL_SCORING_PYTHON", "AMLOCAL_JOB_PYTHON"}
    assert not [name for name in ours - given_by_server if f"`{name}`" not in known]


def test_beat_is_the_one_that_script_server_starts():
    assert SERVICES["beat"]["command"][1:] == services.beat({}).command[1:]


def filled_in(text, given):
    """Compose's own substitution: ${NAME:-default}, ${NAME:?message}, $$."""

    def value(found):
        name, kind, rest = found[1], found[2], found[3]
        if kind == ":?":
            assert given.get(name), rest
        return given.get(name) or (rest if kind == ":-" else "")

    return re.sub(r"\$\{(\w+)(:-|:\?)?([^}]*)\}", value, text).replace("$$", "$")


class Services:
    """Starts services of the file by hand."""

    def __init__(self, folder, postgres_port):
        self.folder = folder
        self.ports = {"redis:6379": free_port(), "0.0.0.0:8000": free_port(), "8443": free_port()}
        self.replaced = {
            "redis:6379": f"127.0.0.1:{self.ports['redis:6379']}",
            "postgres:5432": f"127.0.0.1:{postgres_port}",
            "0.0.0.0:8000": f"127.0.0.1:{self.ports['0.0.0.0:8000']}",
            "0.0.0.0": "127.0.0.1",
            "8443": str(self.ports["8443"]),
            "/srv/portolan/var": str(folder / "var"),
            "/srv/portolan/": f"{ROOT}/",
            "/srv/amlocal": str(folder / "amlocal"),
        }
        programs = folder / "bin"
        programs.mkdir()
        (programs / "redis-server").symlink_to(services.valkey_program())
        self.path = f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin"
        self.processes = {}

    def here(self, text, given=GIVEN):
        text = filled_in(text, given)
        for theirs, ours in self.replaced.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, name, *more, given=GIVEN):
        service = SERVICES[name]
        log = self.folder / f"{name}.log"
        environment = {key: self.here(str(value), given) for key, value in service.get("environment", {}).items()}
        command = [self.here(word, given) for word in service["command"]]
        with log.open("wb") as output:
            self.processes[name] = subprocess.Popen(
                [*command, *more],
                cwd=ROOT,
                env=environment | {"PATH": self.path, "HOME": str(self.folder)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.processes[name], log

    def wait(self, name, is_ready):
        """Until the running service is ready."""
        process, log = self.processes[name], self.folder / f"{name}.log"
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready(log):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def stop(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def says(words):
    return lambda log: words in log.read_bytes()


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.postgres
def test_each_service_starts_with_its_command_and_environment(tmp_path, postgres):  # noqa: F811
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE portolan")
    services = Services(tmp_path, postgres.port)
    try:
        redis = services.ports["redis:6379"]
        own = ("--port", str(redis), "--bind", "127.0.0.1", "--dir", str(tmp_path))
        services.run("redis", *own)
        services.wait("redis", lambda log: is_listening(redis))
        process, log = services.run("prepare")
        assert process.wait(READY_SECONDS) == 0, log.read_text()
        assert re.search(r"first owner .*: /setup/\S+/", log.read_text())
        site = f"http://127.0.0.1:{services.ports['0.0.0.0:8000']}/sign-in/"
        marks = dict.fromkeys(("worker", "worker-azure", "worker-local"), says(b" ready."))
        marks |= {"beat": says(b"beat: Starting"), "web": lambda log: probes.answers_http(site)}
        for name in marks:
            services.run(name)
        for name, is_ready in marks.items():
            services.wait(name, is_ready)
        wait_for_heartbeats(services, {"queue:portal", "queue:cloud.AzureCloud", "queue:cloud.local"})
    finally:
        services.stop()


def wait_for_heartbeats(services, wanted):
    """Beat sends through Redis, workers stamp in PostgreSQL, the web service reports: all of it works together."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", services.ports["0.0.0.0:8000"], timeout=10)
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        document = json.loads(connection.getresponse().read())
        connection.close()
        if all(document["heartbeats"].get(name) is not None for name in wanted):
            assert document["database"] == document["broker"] == "ok"
            return
        assert time.monotonic() < deadline, document
        time.sleep(0.5)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_amlocal_answers_under_its_service_name_and_the_blob_alias(tmp_path):
    services = Services(tmp_path, 0)
    try:
        port = services.ports["8443"]
        services.run("amlocal")
        services.wait("amlocal", lambda log: is_listening(port) and (tmp_path / "amlocal/server.json").exists())
        (alias,) = SERVICES["amlocal"]["networks"]["default"]["aliases"]
        variables = client_variables(services)
        assert variables["AMLOCAL_URL"] == f"https://amlocal:{port}"
        token = ask(services, "amlocal", f"/msi/token?resource=https://amlocal:{port}", variables)["access_token"]
        stores = (
            f"/subscriptions/{variables['AMLOCAL_SUBSCRIPTION_ID']}/resourceGroups/{variables['AMLOCAL_RESOURCE_GROUP']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{variables['AMLOCAL_WORKSPACE']}"
            "/datastores/workspaceblobstore?api-version=2024-10-01"
        )
        store = ask(services, "amlocal", stores, variables, token)["properties"]
        assert f"{store['accountName']}.blob.{store['endpoint']}" == f"{alias}:{port}"
        status, body = answer(services, alias, "/container/blob", variables, {})
        assert (status, b"NoAuthenticationInformation" in body) == (401, True), "the blob service answers, and asks who"
    finally:
        services.stop()


def test_amlocal_outside_loopback_refuses_to_start_without_a_secret(tmp_path):
    services = Services(tmp_path, 0)
    del services.replaced["0.0.0.0"]
    process, log = services.run("amlocal", given=GIVEN | {"AMLOCAL_SECRET": ""})
    assert process.wait(READY_SECONDS) == 2
    assert "AMLOCAL_SECRET" in log.read_text()


def client_variables(services):
    service = SERVICES["worker-local"]["environment"]
    environment = {key: services.here(str(value)) for key, value in service.items()} | {"PATH": services.path}
    command = [sys.executable, "-m", "amlocal", "env", "--format", "dotenv"]
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in answer.stdout.splitlines())


def ask(services, host, path, variables, token=""):
    """The JSON answer of amlocal asked by a name that only its network knows; its certificate must be for that name."""
    headers = {"secret": variables["MSI_SECRET"]} | ({"Authorization": f"Bearer {token}"} if token else {})
    status, body = answer(services, host, path, variables, headers)
    assert status == 200, body
    return json.loads(body)


def answer(services, host, path, variables, headers):
    trust = ssl.create_default_context(cafile=variables["REQUESTS_CA_BUNDLE"])
    plain = socket.create_connection(("127.0.0.1", services.ports["8443"]), timeout=10)
    with trust.wrap_socket(plain, server_hostname=host) as secure:
        connection = http.client.HTTPConnection(host, services.ports["8443"])
        connection.sock = secure
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
