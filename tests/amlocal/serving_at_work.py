"""An endpoint with a scoring script of the tests' own, made through the SDK."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    CodeConfiguration,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineDeployment,
    OnlineRequestSettings,
)

ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/versions/1"
SCORE = """
import json, os, time, urllib.request
def init():
    global word
    if os.environ.get("BREAK"):
        print("about to break")
        raise RuntimeError("broken on purpose")
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "word.txt")) as file:
        word = file.read()
def run(text):
    asked = json.loads(text)
    time.sleep(asked.get("sleep", 0))
    if asked.get("exit"):
        os._exit(9)
    if asked.get("fail"):
        raise ValueError("the model cannot do that")
    if asked.get("sign_in"):
        address = os.environ["MSI_ENDPOINT"] + "?resource=https://storage.azure.com/&clientid=x"
        secret = {"secret": os.environ["MSI_SECRET"], "Metadata": "true"}
        with urllib.request.urlopen(urllib.request.Request(address, headers=secret)) as answer:
            return json.load(answer)["token_type"]
    return {"word": word, "who": os.environ.get("WHO"), "pid": os.getpid(), "seen": sorted(os.environ)}
"""


class Served:
    """One endpoint and what its deployments are made of. `post` calls the scoring URL as a stranger would."""

    def __init__(self, client: MLClient, folder: Path, name: str) -> None:
        self.client = client
        self.name = name
        self.code = folder / "code"
        self.code.mkdir(parents=True)
        (self.code / "score.py").write_text(SCORE)
        (folder / "model").mkdir()
        (folder / "model" / "word.txt").write_text("weights")
        self.model = client.models.create_or_update(Model(name=name, path=str(folder / "model"), type="custom_model"))
        endpoint = ManagedOnlineEndpoint(name=name, auth_mode="key", tags={"made-by": "tests"})
        self.endpoint = client.online_endpoints.begin_create_or_update(endpoint).result()

    def deploy(self, deployment: str = "blue", **more: Any) -> OnlineDeployment:
        """Wait until a deployment serves (or raise as the SDK does)."""
        variables = {"WHO": deployment, **more.pop("variables", {})}
        settings = OnlineRequestSettings(
            request_timeout_ms=more.pop("timeout_ms", 5000),
            max_concurrent_requests_per_instance=more.pop("concurrent", 1),
        )
        asked = {
            "model": self.model.id,
            "code_configuration": CodeConfiguration(code=str(self.code), scoring_script="score.py"),
            "environment": ENVIRONMENT,
            "instance_type": "Standard_DS3_v2",
            "instance_count": 1,
            "request_settings": settings,
            "environment_variables": variables,
        }
        wanted = ManagedOnlineDeployment(name=deployment, endpoint_name=self.name, **{**asked, **more})
        return self.client.online_deployments.begin_create_or_update(wanted).result()

    def route(self, **traffic: int) -> None:
        endpoint = self.client.online_endpoints.get(self.name)
        endpoint.traffic = traffic
        self.client.online_endpoints.begin_create_or_update(endpoint).result()

    def post(self, body: Any = None, *, key: str | None = None, **headers: str) -> requests.Response:
        key = self.client.online_endpoints.get_keys(self.name).primary_key if key is None else key
        sent = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        url = self.endpoint.scoring_uri
        return requests.post(url, json=body or {}, headers=sent, timeout=60)

    def delete(self) -> None:
        self.client.online_endpoints.begin_delete(self.name).result()


def is_alive(pid: int) -> bool:
    """What has ended and waits for its parent to notice is not alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
