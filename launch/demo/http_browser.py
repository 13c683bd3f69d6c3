"""A person's browser: one session with cookies, and pages with their forms."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import requests

from launch.console import Problem
from launch.demo import html_forms, requesting
from launch.demo.api_client import ApiClient
from launch.demo.html_forms import Form

TOKENS = "/tokens/"
CSRF_FIELD = "csrfmiddlewaretoken"


class Browser:
    """Raises Problem for every answer that a person would not want to see."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.session = requesting.new_session()

    def form(self, path: str, is_wanted: Callable[[Form], bool]) -> tuple[str, Form]:
        """The page's address and its first form that is wanted. Raises Problem when it has none."""
        page = self._send("GET", path)
        for form in html_forms.find(page.text):
            if is_wanted(form):
                return page.url, form
        raise Problem(f"The page {path} has no such form: is this the right version of the portal?")

    def submit(self, path: str, is_wanted: Callable[[Form], bool], values: Mapping[str, str]) -> str:
        """Open the page, fill in its form and send it; return the page where that leads.

        The form's hidden fields (the CSRF token) and what is filled in already go along, as in a browser.
        """
        page, form = self.form(path, is_wanted)
        if unknown := set(values) - set(form.fields) - set(form.choices):
            raise Problem(f"The form on {path} does not ask for {', '.join(sorted(unknown))}.")
        url = urljoin(page, form.action or page)
        headers = {"Referer": page, "Origin": self.site}
        return self._send("POST", url, data=form.fields | dict(values), headers=headers).text

    def make_token(self, name: str) -> ApiClient:
        """Make an API token for all that the person may do, valid for a day, and return the API with it."""
        url, form = self.form(TOKENS, lambda form: CSRF_FIELD in form.fields)
        headers = {"Referer": url, "Origin": self.site, "X-CSRFToken": form.fields[CSRF_FIELD]}
        ends = datetime.now(UTC) + timedelta(days=1)
        wanted = {"name": name, "scope": "manage", "expires_at": ends.isoformat()}
        answer = self._send("POST", "/api/v1/tokens", json=wanted, headers=headers)
        return ApiClient(self.site, answer.json()["secret"])

    def has_session(self) -> bool:
        return any(cookie.name.startswith("portolan_session") for cookie in self.session.cookies)

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        return requesting.send(self.session, self.site, method, path, _reason, **options)


def _reason(answer: requests.Response) -> str:
    """Return the sentences that the page says about its form, else the status in words."""
    return " ".join(html_forms.errors(answer.text)) or answer.reason or "no reason given"
