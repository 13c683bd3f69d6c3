"""The waits of the main job: click to running, upload to answer, and the portal's share of that over a direct call."""

import contextlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks import figures
from benchmarks import sites as bench_sites
from launch.demo import scenario, site_process
from launch.demo.api_client import ApiClient
from launch.demo.session import DemoSession

JOBS, PREDICTIONS = 5, 50


def run() -> None:
    bench_sites.on_free_ports()
    with bench_sites.running() as site:
        api, _ = site_process.sign_in(site)
        with contextlib.redirect_stdout(io.StringIO()):
            session = DemoSession(api, time.monotonic())
            workspace = scenario.register_workspace(session)
            version = scenario.register_version(session, scenario.train(session, workspace, 1, None))
            endpoint, _ = scenario.deploy(session, version)
        _predictions(api, endpoint, version)
        _queueing(api, workspace)


def _queueing(api: ApiClient, workspace: dict[str, Any]) -> None:
    """From the request to the job being Running, the 0.1 s between two looks included."""
    job = {"recipe": scenario.RECIPE, "workspace": workspace["id"], "compute": workspace["computes"][0]["name"]}
    waits = []
    for _ in range(JOBS):
        began = time.monotonic()
        path = f"jobs/{api.post('jobs', job)['target']['id']}"
        while api.get(path)["status"] not in ("Running", "Finalizing", "Completed"):
            time.sleep(0.1)
        waits.append(time.monotonic() - began)
        api.post(f"{path}/cancel")
        while not api.get(path)["is_final"]:
            time.sleep(0.2)
    figures.row("queue click to job running", waits, "s")


def _predictions(api: ApiClient, endpoint: dict[str, Any], version: dict[str, Any]) -> None:
    """The same picture through the portal and straight to the endpoint, by turns, over kept connections."""
    png = api.download(version["samples"][0]["url"])
    direct = _direct(endpoint)
    through, straight = [], []
    for _ in range(PREDICTIONS):
        began = time.perf_counter()
        api.upload(f"predict/{endpoint['id']}", {}, {"image": [("digit.png", png)]})
        through.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        direct()
        straight.append((time.perf_counter() - began) * 1000)
    figures.row("Predict: upload to answer", through, "ms")
    figures.row("the same request straight to the endpoint", straight, "ms")
    figures.row("the portal's share", [a - b for a, b in zip(through, straight, strict=True)], "ms")


def _direct(endpoint: dict[str, Any]):  # type: ignore[no-untyped-def]
    """A call of the endpoint with its key, read from the portal's own database as a worker does."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from ops import vault
    from ops.models import Endpoint

    key = vault.decrypt(Endpoint.objects.get(public_id=endpoint["id"]).key_encrypted)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(next((Path(os.environ["PORTAL_HOME"]) / "amlocal").rglob("ca-bundle.pem")))
    body = json.dumps({"format": "pixels/v1", "instances": [[[[0]] * 28] * 28]})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call() -> None:
        session.post(str(endpoint["scoring_uri"]), data=body, headers=headers, timeout=30).raise_for_status()

    return call
