"""The whole way in the plain SDK, as a tutorial would go: workspace, compute, data, environment, job, model, endpoint,
deployment, a call, and everything deleted again. On each release of the SDK, and on a workspace of the least kind."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import Input, MLClient, Output, command
from azure.ai.ml.entities import (
    AmlCompute,
    CodeConfiguration,
    Data,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    Workspace,
)
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential

from tests.amlocal_server import AmlocalServer

TRAIN = """
import pathlib, sys
words = pathlib.Path(sys.argv[1]).read_text().split()
print("training on", len(words), "words")
pathlib.Path("outputs").mkdir(exist_ok=True)
pathlib.Path("outputs/count.txt").write_text(str(len(words)))
pathlib.Path(sys.argv[2], "words.txt").write_text(" ".join(sorted(words)))
"""
SCORE = """
import json, os, pathlib
def init():
    global count
    (file,) = pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("count.txt")
    count = int(file.read_text())
def run(text):
    return {"counted": count, "asked": json.loads(text)["word"]}
"""


@pytest.fixture
def client(own_server: AmlocalServer) -> Iterator[MLClient]:
    """On a workspace of its own; deleted at the end."""
    # The least kind tells clients to ask again after two minutes.
    own_server.pace("immediate", retry_after=1)
    ids = os.environ["AMLOCAL_SUBSCRIPTION_ID"], os.environ["AMLOCAL_RESOURCE_GROUP"]
    above = MLClient(DefaultAzureCredential(), *ids)
    above.workspaces.begin_create(Workspace(name="tutorial", location="westeurope", tags={"a": "b"})).result()
    yield MLClient(DefaultAzureCredential(), *ids, "tutorial")
    above.workspaces.begin_delete("tutorial", delete_dependent_resources=True).result()
    with pytest.raises(HttpResponseError):
        above.workspaces.get("tutorial")


@pytest.mark.slow
@pytest.mark.parametrize("own_server", [{}, {"AMLOCAL_PROFILE": "least-kind"}], indirect=True, ids=["kind", "least"])
def test_from_a_workspace_to_an_answer_and_back(
    client: MLClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.compute.begin_create_or_update(AmlCompute(name="small", size="Standard_DS3_v2", max_instances=1)).result()
    job = train(client, tmp_path)
    client.jobs.stream(job)
    assert "training on 3 words" in capsys.readouterr().out
    assert client.jobs.get(job).status == "Completed"
    client.jobs.download(job, download_path=tmp_path / "all", all=True)
    assert (tmp_path / "all" / "named-outputs" / "sorted" / "words.txt").read_text() == "a b c"
    assert (tmp_path / "all" / "artifacts" / "outputs" / "count.txt").read_text() == "3"
    made = client.models.create_or_update(
        Model(name="counter", path=f"azureml://jobs/{job}/outputs/artifacts/paths/outputs/", type="custom_model")
    )
    endpoint = f"counter-{uuid.uuid4().hex[:8]}"
    assert serve(client, tmp_path, endpoint, made) == {"counted": 3, "asked": "b"}
    client.online_endpoints.begin_delete(endpoint).result()
    client.models.archive("counter", version=made.version)
    client.compute.begin_delete("small").result()
    assert endpoint not in [one.name for one in client.online_endpoints.list()]


def train(client: MLClient, folder: Path) -> str:
    """The name of a job that reads a data asset, in an environment of its own."""
    (folder / "words.txt").write_text("c a b")
    client.data.create_or_update(Data(name="words", version="1", path=str(folder / "words.txt"), type="uri_file"))
    client.environments.create_or_update(Environment(name="plain", version="1", image="python:3.11"))
    code = folder / "train"
    code.mkdir()
    (code / "main.py").write_text(TRAIN)
    asked = command(
        code=str(code),
        command="python main.py ${{inputs.words}} ${{outputs.sorted}}",
        inputs={"words": Input(type="uri_file", path="azureml:words:1")},
        outputs={"sorted": Output(type="uri_folder")},
        environment="plain@latest",
        compute="small",
        experiment_name="tutorial",
    )
    return str(client.jobs.create_or_update(asked).name)


def serve(client: MLClient, folder: Path, endpoint: str, model: Model) -> object:
    """What the model answers to a request file, through an endpoint with all its traffic on it."""
    code = folder / "score"
    code.mkdir()
    (code / "score.py").write_text(SCORE)
    made = client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name=endpoint, auth_mode="key")
    ).result()
    deployment = ManagedOnlineDeployment(
        name="blue",
        endpoint_name=endpoint,
        model=model.id,
        code_configuration=CodeConfiguration(code=str(code), scoring_script="score.py"),
        environment="plain@latest",
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )
    client.online_deployments.begin_create_or_update(deployment).result()
    made.traffic = {"blue": 100}
    client.online_endpoints.begin_create_or_update(made).result()
    (folder / "request.json").write_text(json.dumps({"word": "b"}))
    answer = json.loads(client.online_endpoints.invoke(endpoint, request_file=str(folder / "request.json")))
    return json.loads(answer) if isinstance(answer, str) else answer
