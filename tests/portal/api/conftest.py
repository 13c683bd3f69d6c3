"""A script that calls the API: with a token, or with a session."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from accounts import tokens


class Script(Client):
    """A client that sends a token and JSON, and reads JSON."""

    def __init__(self, secret: str = "") -> None:
        super().__init__(headers={"Authorization": f"Bearer {secret}"} if secret else None)

    def ask(self, method: str, path: str, body: object = None, **headers: str):
        """Return status and document; headers are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.generic(
            method,
            f"/api/v1/{path}",
            *([] if body is None else [json.dumps(body), "application/json"]),
            headers=named or None,
        )
        is_json = response.headers.get("Content-Type", "").startswith("application/json") and response.content
        return response.status_code, response.json() if is_json else None


@pytest.fixture
def script_of(db) -> Callable[..., Script]:
    """A script with a token of that person."""

    def make(person: object, scope: str = "manage", **more: object) -> Script:
        _token, secret = tokens.create(person, name="script", scope=scope, **more)
        return Script(secret)

    return make


@pytest.fixture
def script(script_of, alice) -> Script:
    """Alice's script, which may all that she may."""
    return script_of(alice)
