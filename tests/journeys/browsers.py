"""Chromium for the journeys, and what it must not say: policy violations, console errors, answers of 500."""

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

ENABLE = "apt-get install chromium, or PORTAL_CHROMIUM=/path/to/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Chromium writes this for every answer of 409 or 422, which are how a form says no.
SAYS_NO = re.compile(r"Failed to load resource: the server responded with a status of (409|422) \(.*\)")
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) => tellViolation(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} on ${location.pathname}`));
"""


def program() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("PORTAL_CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


@contextmanager
def running() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a context's pages complained about."""

    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        assert not self.violations
        assert not self.errors
        assert not self.broken

    def tell(self, violation: str) -> None:
        self.violations.append(violation)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not SAYS_NO.fullmatch(message.text):
            self.errors.append(f"{message.text} ({message.location['url']})")

    def see(self, response: Response) -> None:
        if response.status >= 500:
            self.broken.append(f"{response.status} {response.request.method} {response.url}")


@contextmanager
def person(browser: Browser, site_url: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A browser of one person's own: a page in it, and what its pages complain about."""
    context = browser.new_context(base_url=site_url, **{"viewport": DESK, "locale": "en-US", **options})
    watch = Watch()
    context.set_default_timeout(15_000)
    context.expose_function("tellViolation", watch.tell)
    context.add_init_script(LISTEN)
    context.on("console", watch.hear)
    context.on("weberror", lambda error: watch.errors.append(str(error.error)))
    context.on("response", watch.see)
    try:
        yield context.new_page(), watch
    finally:
        context.close()


def read(context: BrowserContext, path: str) -> dict[str, Any]:
    """What the API says at that path, with the session of that browser."""
    answer = context.request.get(f"/api/v1/{path}")
    assert answer.ok, f"{answer.status} {path}: {answer.text()[:300]}"
    document: dict[str, Any] = answer.json()
    return document


def as_files(name: str, data: bytes) -> list[str]:
    """A file on disk for an upload; Playwright takes no more than 50 MB by value."""
    folder = Path(tempfile.mkdtemp(prefix="portolan-upload-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / name).write_bytes(data)
    return [str(folder / name)]
