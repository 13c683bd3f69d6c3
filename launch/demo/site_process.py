"""The running site for the demo: the supervisor as a child whose lines are shown, and its demo person's password."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from launch.console import Problem, say
from launch.demo.api_client import ApiClient
from launch.demo.http_browser import Browser
from launch.supervisor.service_process import die_with_parent
from portal import env

START_SECONDS = 120
STOP_SECONDS = 60


@dataclass
class SiteProcess:
    """``setup_path`` leads to the first owner's page while there are no users."""

    process: subprocess.Popen[str]
    url: str = ""
    setup_path: str = ""
    last_line: str = ""
    settled: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running() -> Iterator[SiteProcess]:
    """Start the site and end it, with all its processes, on leaving. Raises Problem with its own sentence."""
    process = subprocess.Popen(
        [sys.executable, "-m", "launch.supervisor"],
        cwd=env.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    site = SiteProcess(process)
    reader = threading.Thread(target=_listen, args=(site,), daemon=True)
    reader.start()
    try:
        if not site.settled.wait(START_SECONDS):
            raise Problem(f"The site did not start within {START_SECONDS} seconds; see {env.home() / 'log'}.")
        if not site.url:
            raise Problem(site.last_line)
        yield site
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        reader.join(5)


def sign_in(site: SiteProcess) -> tuple[ApiClient, dict[str, str]]:
    """The API for the folder's demo person, who is made first when the portal is empty. Raises Problem."""
    browser = Browser(site.url)
    if site.setup_path:
        person = _person(make=True)
        values = {"username": person["username"], "team": "Demo", "password": person["password"]}
        browser.submit(
            site.setup_path, lambda form: "team" in form.fields, values | {"password_again": person["password"]}
        )
    else:
        person = _person(make=False)
        browser.submit("/sign-in/", lambda form: "password" in form.fields, person)
    if not browser.has_session():
        raise Problem("Signing in gave no session.")
    return browser.make_token("script/demo"), person


def _person(*, make: bool) -> dict[str, str]:
    """User name and password, kept (mode 0600) in the folder."""
    path = env.home() / "demo.json"
    if make and not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"username": "demo", "password": secrets.token_urlsafe(12)}, file)
    try:
        person: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        raise Problem(
            f"The portal in {env.home()} has people but no demo person: "
            "give the demo a folder of its own, PORTAL_HOME=var-demo script/demo"
        ) from None
    return person


def _listen(site: SiteProcess) -> None:
    """Show the site's lines, and take from them where it is."""
    assert site.process.stdout is not None
    url = ""
    for line in site.process.stdout:
        site.last_line = line.rstrip()
        if found := re.search(r"^Ready in .*: (http\S+)$", site.last_line):
            url = found[1]
        if found := re.search(r"\(works once\): http://[^/]+(/\S+)$", site.last_line):
            site.setup_path = found[1]
            continue  # the demo makes the first owner itself; the link would only confuse
        say(f"    {site.last_line}")
        if "Ctrl-C" in site.last_line:
            site.url = url
            site.settled.set()
    site.settled.set()
