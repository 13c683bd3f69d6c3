"""A person's browser: one session with cookies, pages with their forms, and the JSON form of pages."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from launch.console import Problem
from launch.demo import html_forms
from launch.demo.html_forms import Form

SECONDS = 60
JSON = {"Accept": "application/json"}
File = tuple[str, bytes]


class Browser:
    """Raises Problem for every answer that a person would not want to see."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.session = requests.Session()
        self.session.trust_env = False  # the site is on this machine, whatever proxy there is

    def read(self, path: str) -> dict[str, Any]:
        """The page's JSON form."""
        return self._json(self._send("GET", path, headers=JSON))

    def bytes(self, path: str) -> bytes:
        return self._send("GET", path).content

    def form(self, path: str, is_wanted: Callable[[Form], bool]) -> tuple[str, Form]:
        """The page's address and its first form that is wanted. Raises Problem when it has none."""
        page = self._send("GET", path, headers={"Accept": "text/html"})
        for form in html_forms.find(page.text):
            if is_wanted(form):
                return page.url, form
        raise Problem(f"The page {path} has no such form: is this the right version of the portal?")

    def submit(
        self,
        path: str,
        is_wanted: Callable[[Form], bool],
        values: Mapping[str, str] | None = None,
        files: Mapping[str, Sequence[File]] | None = None,
    ) -> dict[str, Any]:
        """Open the page, fill in its form and send it; the JSON form of where that leads.

        The form's hidden fields (the CSRF token) and what is filled in already go along, as in a browser.
        """
        page, form = self.form(path, is_wanted)
        unknown = set(values or {}) - set(form.fields) - set(form.choices)
        if unknown:
            raise Problem(f"The form on {path} does not ask for {', '.join(sorted(unknown))}.")
        parts = [(name, file) for name, given in (files or {}).items() for file in given]
        answer = self._send(
            "POST",
            urljoin(page, form.action or page),
            data=form.fields | dict(values or {}),
            files=parts or None,
            headers=JSON | {"Referer": page, "Origin": self.site},
        )
        return self._json(answer)

    def has_session(self) -> bool:
        return any(cookie.name.startswith("portolan_session") for cookie in self.session.cookies)

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        url = urljoin(self.site, path)
        if urlsplit(url).netloc != urlsplit(self.site).netloc:
            raise Problem(f"The site leads away to {url}.")
        try:
            answer = self.session.request(method, url, timeout=SECONDS, **options)
        except requests.RequestException as error:
            raise Problem(f"The site does not answer on {url}: {error}") from error
        if answer.status_code >= 400:
            raise Problem(f"{method} {urlsplit(url).path} was answered with {answer.status_code}: {_reason(answer)}")
        return answer

    def _json(self, answer: requests.Response) -> dict[str, Any]:
        if "application/json" not in answer.headers.get("Content-Type", ""):
            raise Problem(f"{answer.url} has no JSON form (is the session over?).")
        document: dict[str, Any] = answer.json()
        return document


def files_of(folder: Path) -> list[File]:
    """The folder's files, by name, ready to be sent. Raises Problem when there are none."""
    found = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not found:
        raise Problem(f"{folder} is not a folder with files.")
    return [(path.name, path.read_bytes()) for path in found]


def _reason(answer: requests.Response) -> str:
    """The sentences a person would read on the page."""
    try:
        document = answer.json()
    except ValueError:
        return answer.reason or "no reason given"
    if error := document.get("error"):
        return " ".join(str(error[key]) for key in ("sentence", "next") if error.get(key))
    errors = document.get("errors") or {}
    return " ".join(f"{name}: {' '.join(map(str, sentences))}" for name, sentences in errors.items()) or str(document)
