"""The waits of the main job: click to running, upload to answer, and the portal's share of that over a direct call."""

import contextlib
import io
import json
import os
import time
from pathlib import Path

import requests

from benchmarks import figures
from benchmarks import sites as bench_sites
from launch.demo import scenario, site_process
from launch.demo.http_browser import Browser
from launch.demo.session import DemoSession

JOBS, PREDICTIONS = 5, 50


def run() -> None:
    bench_sites.on_free_ports()
    with bench_sites.running() as site:
        browser, _ = site_process.sign_in(site)
        with contextlib.redirect_stdout(io.StringIO()):
            session = DemoSession(browser, time.monotonic())
            workspace = scenario.register_workspace(session)
            version = scenario.register_version(session, scenario.train(session, workspace, 1, None))
            endpoint, _ = scenario.deploy(session, version)
        _predictions(browser, endpoint, version)
        _queueing(browser, workspace)


def _queueing(browser: Browser, workspace: dict[str, object]) -> None:
    """From the click to the job's page saying Running, the 0.1 s between two looks included."""
    path = f"/jobs/new/{scenario.RECIPE}/"
    compute = next(row["value"] for row in browser.read(path)["computes"] if row["workspace"] == workspace["id"])
    waits = []
    for _ in range(JOBS):
        began = time.monotonic()
        run = browser.submit(path, lambda form: "compute" in form.choices, {"compute": compute})["run"]
        while browser.read(run["url"])["run"]["status"] not in ("Running", "Finalizing", "Completed"):
            time.sleep(0.1)
        waits.append(time.monotonic() - began)
        browser.submit(run["url"], lambda form: form.action.endswith("/cancel/"))
        while not browser.read(run["url"])["run"]["is_final"]:
            time.sleep(0.2)
    figures.row("queue click to job running", waits, "s")


def _predictions(browser: Browser, endpoint: dict[str, object], version: dict[str, object]) -> None:
    """The same picture through the portal and straight to the endpoint, by turns, over kept connections."""
    sample = version["samples"][0]  # type: ignore[index]
    png = browser.bytes(sample["url"])
    path, form = browser.form(f"/predict/{endpoint['id']}/", lambda form: "image" in form.files)
    direct = _direct(endpoint)
    through, straight = [], []
    for _ in range(PREDICTIONS):
        began = time.perf_counter()
        answer = browser.session.post(
            f"{path}send/",
            data=form.fields,
            files={"image": ("digit.png", png)},
            headers={"Accept": "application/json", "Referer": path},
        )
        through.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        began = time.perf_counter()
        direct()
        straight.append((time.perf_counter() - began) * 1000)
    figures.row("Predict: upload to answer", through, "ms")
    figures.row("the same request straight to the endpoint", straight, "ms")
    figures.row("the portal's share", [a - b for a, b in zip(through, straight, strict=True)], "ms")


def _direct(endpoint: dict[str, object]):  # type: ignore[no-untyped-def]
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
