"""One request to the site, for the demo's browser and its API client; everything but success is a Problem."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from launch.console import Problem

SECONDS = 60
Reason = Callable[[requests.Response], str]


def new_session() -> requests.Session:
    """Return a session that asks no proxy: the site is on this machine, whatever proxy there is."""
    session = requests.Session()
    session.trust_env = False
    return session


def send(
    session: requests.Session, base: str, method: str, path: str, reason: Reason, **options: Any
) -> requests.Response:
    """Return the answer to a request below ``base``; ``reason`` says in words what an answer of 400 and more is about.

    Raises Problem for such an answer, for a site that does not answer, and for an address that is not the site's.
    """
    url = urljoin(base, path)
    if urlsplit(url).netloc != urlsplit(base).netloc:
        raise Problem(f"The site leads away to {url}.")
    try:
        answer = session.request(method, url, timeout=SECONDS, **options)
    except requests.RequestException as error:
        raise Problem(f"The site does not answer on {url}: {error}") from error
    if answer.status_code >= 400:
        raise Problem(f"{method} {urlsplit(url).path} was answered with {answer.status_code}: {reason(answer)}")
    return answer
