"""A scoring call through amlocal beside the same call straight to the server behind it. The script does next to
nothing: what is measured is the way."""

import http.client
import ssl
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from azure.ai.ml import MLClient
from azure.identity import ManagedIdentityCredential

from benchmarks import figures
from tests.amlocal.serving_at_work import Served
from tests.amlocal_server import AmlocalServer

REPEATS = 300
CALLERS = 4
JSON = {"Content-Type": "application/json"}


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="scoring-bench-", ignore_cleanup_errors=True) as folder:
        server = AmlocalServer(Path(folder) / "home")
        server.start()
        try:
            with server.client_environment():
                _measure(server, Path(folder) / "served")
        finally:
            server.stop()


def _measure(server: AmlocalServer, folder: Path) -> None:
    env = server.env
    names = (env["AMLOCAL_SUBSCRIPTION_ID"], env["AMLOCAL_RESOURCE_GROUP"], env["AMLOCAL_WORKSPACE"])
    served = Served(MLClient(ManagedIdentityCredential(), *names), folder, "ep-bench")
    served.deploy("blue", concurrent=2 * CALLERS, variables={"WORKER_COUNT": "2"})
    served.route(blue=100)
    through, straight = _through(server, served), _straight(server)
    pairs = [(_milliseconds(straight), _milliseconds(through)) for _ in range(REPEATS + 20)][20:]
    figures.row("scoring: straight to the inference server", [one for one, _ in pairs], "ms", 2)
    figures.row("scoring: through amlocal", [one for _, one in pairs], "ms", 2)
    figures.row("scoring: amlocal's share", [through - straight for straight, through in pairs], "ms", 2)
    makers = (("straight", lambda: _straight(server)), ("through amlocal", lambda: _through(server, served)))
    for name, make in makers:
        figures.row(f"scoring: answers a second to {CALLERS} callers, {name}", [_rate(make)], "", 0)


def _through(server: AmlocalServer, served: Served) -> Callable[[], None]:
    url = urlsplit(served.endpoint.scoring_uri)
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    context = ssl.create_default_context(cafile=server.ca_bundle)
    connection = http.client.HTTPSConnection(url.hostname or "", url.port, context=context)

    def call() -> None:
        connection.request("POST", url.path, b"{}", {**JSON, "Authorization": f"Bearer {key}"})
        _read(connection)

    return call


def _straight(server: AmlocalServer) -> Callable[[], None]:
    """A new connection each time: the inference server closes them."""
    port = int(next(server.home.glob("serving/*/*/instances/0/port")).read_text())

    def call() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/score", b"{}", JSON)
        _read(connection)
        connection.close()

    return call


def _read(connection: http.client.HTTPConnection) -> None:
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} {content[:200]!r}")


def _rate(make: Callable[[], Callable[[], None]]) -> float:
    def call_many(call: Callable[[], None]) -> None:
        for _ in range(REPEATS // CALLERS):
            call()

    calls = [make() for _ in range(CALLERS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(call_many, calls))
    return CALLERS * (REPEATS // CALLERS) / (time.perf_counter() - began)


def _milliseconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
