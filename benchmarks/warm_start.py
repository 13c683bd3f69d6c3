"""From the command of script/server to the first page, on a folder that has been started before."""

import threading
import time

import requests

from benchmarks import figures, sites

REPEATS = 5


def run() -> None:
    sites.on_free_ports()
    with sites.running():
        pass
    first_page, whole = zip(*(_start() for _ in range(REPEATS)), strict=True)
    figures.row("warm server: command to first page", first_page, "s")
    figures.row("warm server: command to all parts ready", whole, "s")


def _start() -> tuple[float, float]:
    """Seconds to the first 200 of the sign-in page, and to the line that says all parts are ready."""
    began = time.monotonic()
    answered: list[float] = []
    poller = threading.Thread(target=_poll, args=(began, answered), daemon=True)
    poller.start()
    with sites.running():
        ready = time.monotonic() - began
        poller.join(30)
    return answered[0], ready


def _poll(began: float, answered: list[float]) -> None:
    import os

    url = f"http://127.0.0.1:{os.environ['PORTAL_PORT']}/sign-in/"
    while not answered and time.monotonic() - began < 60:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                answered.append(time.monotonic() - began)
        except requests.RequestException:
            time.sleep(0.02)
