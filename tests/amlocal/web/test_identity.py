"""A job that was given an identity signs in with it, as Azure's two credentials for jobs do; others cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import ManagedIdentityConfiguration, MLClient, UserIdentityConfiguration

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.jobs_at_work import await_end, submit
from tests.amlocal_server import AmlocalServer

SCRIPT = """
import json, os, ssl, urllib.parse, urllib.request

def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    with urllib.request.urlopen(request, context=trust) as answer:
        return json.load(answer)

url, headers = os.environ.get("OBO_ENDPOINT"), {}
if not url:
    url, headers = os.environ["MSI_ENDPOINT"] + "?", {"secret": os.environ["MSI_SECRET"]}
service = os.environ["AZUREML_SERVICE_ENDPOINT"]
token = get(url + "&" + urllib.parse.urlencode({"resource": service}), **headers)["access_token"]
scope = os.environ["AZUREML_WORKSPACE_SCOPE"]
print(get(service + scope + "?api-version=2024-10-01", Authorization="Bearer " + token)["name"])
"""


@pytest.mark.parametrize("identity", [UserIdentityConfiguration(), ManagedIdentityConfiguration()])
def test_a_job_signs_in_with_the_identity_it_was_given(
    ml_client: MLClient, amlocal_server: AmlocalServer, tmp_path: Path, identity: Any
) -> None:
    job = submit(ml_client, tmp_path / "code", "python main.py", SCRIPT, identity=identity)
    assert await_end(ml_client, job.name).status == "Completed", DataPlane(amlocal_server).details(job.name)


def test_a_job_without_an_identity_has_none(ml_client: MLClient) -> None:
    job = submit(ml_client, None, 'test -z "$MSI_SECRET$MSI_ENDPOINT$OBO_ENDPOINT"')
    assert await_end(ml_client, job.name).status == "Completed"


@pytest.mark.parametrize("shown", ["", "nonsense", "a.b.c"])
def test_nobody_else_gets_a_token(amlocal_server: AmlocalServer, shown: str) -> None:
    own = DataPlane(amlocal_server).headers["Authorization"].partition(" ")[2]
    for secret in (shown, own):
        asked = {"resource": amlocal_server.url, "secret": secret}
        answer = requests.get(f"{amlocal_server.url}/msi/token", params=asked, timeout=10)
        assert answer.status_code == 401
