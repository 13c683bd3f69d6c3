"""The portal's API as a script uses it: /api/v1 with a token. Knows no page and no session."""

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from launch.demo import requesting

File = tuple[str, bytes]
Parts = Mapping[str, Sequence[File]]


class ApiClient:
    """Raises Problem, with the portal's own sentence, for every refusal."""

    def __init__(self, site: str, token: str) -> None:
        self.base = f"{site}/api/v1/"
        self.session = requesting.new_session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what is there."""
        return self._send("GET", path, params=parameters).json()

    def list(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of all pages of a list."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(path, cursor=cursor, limit=100, **parameters)
            rows += page["items"]
            if not (cursor := page["next"]):
                return rows

    def post(self, path: str, body: object = None) -> Any:
        """Send a JSON body; return the answer."""
        return self._send("POST", path, json=body).json()

    def put(self, path: str, body: object) -> Any:
        """Send a JSON body; return the answer."""
        return self._send("PUT", path, json=body).json()

    def upload(self, path: str, fields: Mapping[str, str], files: Parts) -> Any:
        """Send a multipart form with fields and files; return the answer."""
        parts = [(name, file) for name, given in files.items() for file in given]
        return self._send("POST", path, data=fields, files=parts or None).json()

    def delete(self, path: str) -> Any:
        """Take something away; return the answer, None where there is none."""
        answer = self._send("DELETE", path)
        return answer.json() if answer.content else None

    def download(self, url: str) -> bytes:
        """Return the bytes behind a link of an answer."""
        return self._send("GET", url).content

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        return requesting.send(self.session, self.base, method, path, _reason, **options)


def sentence(problem: dict[str, Any] | None) -> str:
    """Return a refusal as a person reads it, "" for none."""
    if not problem:
        return ""
    texts = [str(problem[key]) for key in ("sentence", "next") if problem.get(key)]
    texts += [f"{name}: {' '.join(found)}" for name, found in (problem.get("fields") or {}).items() if name and found]
    return " ".join(texts)


def _reason(answer: requests.Response) -> str:
    try:
        return sentence(answer.json())
    except ValueError:
        return answer.reason or "no reason given"
