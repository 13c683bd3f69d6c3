"""A script that calls the API: with a token, or with a session."""

import io
import json
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import tokens
from ops import vault
from scoring.services import predictions
from tests.portal import factories
from tests.scoring import https_server

SCORING_KEY = "a-scoring-key-nobody-may-see"
SPEC = {
    "format": "pixels/v1",
    "file": "model.keras",
    "width": 28,
    "height": 28,
    "channels": 1,
    "color": "grayscale",
    "inverted": True,
    "labels": ["0", "1"],
}
SURE = json.dumps({"predictions": [[0.1, 0.9]], "labels": SPEC["labels"]}).encode()


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


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A real HTTPS server that answers, and fails, as endpoints do."""
    behaviours = {
        "/score": https_server.answering(200, SURE, x_request_id="r-1", azureml_model_deployment="blue"),
        "/refusing": https_server.answering(401),
        "/broken": https_server.answering(424, b'{"message": "ValueError: no"}'),
    }
    with https_server.endpoint(tmp_path_factory.mktemp("tls"), behaviours) as running:
        yield running


@pytest.fixture
def endpoint(workspace, served, settings, tmp_path):
    """An endpoint that can be asked, with one deployment and two samples."""
    settings.CA_BUNDLE = str(served.ca_file)
    settings.MEDIA_ROOT = tmp_path
    predictions._client.cache_clear()
    version = factories.version(workspace)
    version.spec = SPEC
    version.save()
    key = vault.encrypt(SCORING_KEY)
    endpoint = factories.endpoint(workspace, "digits", scoring_uri=f"{served.url}/score", key_encrypted=key)
    factories.deployment(endpoint, model_version=version)
    for label in "01":
        factories.sample(version, label, png())
    yield endpoint
    predictions._client.cache_clear()


def png() -> bytes:
    kept = io.BytesIO()
    Image.new("L", (28, 28), 0).save(kept, "PNG")
    return kept.getvalue()


def picture(content: bytes | None = None, name: str = "seven.png") -> dict[str, SimpleUploadedFile]:
    """The part of a form that is sent to Predict."""
    return {"image": SimpleUploadedFile(name, png() if content is None else content, "image/png")}
