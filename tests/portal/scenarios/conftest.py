"""The world that the permission matrices ask: two teams with the same things, and everybody who may ask."""

import json

import pytest

from portal import onboarding
from scoring.services import predictions
from tests.portal.scenarios.permission_world import build
from tests.scoring import https_server

SURE = json.dumps({"predictions": [[0.1, 0.9]], "labels": ["0", "1"]}).encode()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """An endpoint that answers."""
    behaviours = {"/score": https_server.answering(200, SURE)}
    with https_server.endpoint(tmp_path_factory.mktemp("tls"), behaviours) as running:
        yield running


@pytest.fixture
def world(db, served, settings, tmp_path):
    settings.CLOUDS = ["local", "AzureCloud"]
    settings.CA_BUNDLE = str(served.ca_file)
    settings.PORTAL_HOME, settings.MEDIA_ROOT = tmp_path / "home", tmp_path / "files"
    predictions._client.cache_clear()
    yield build(onboarding.issue_setup_token(), f"{served.url}/score")
    predictions._client.cache_clear()
