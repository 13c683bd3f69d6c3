"""MLflow models served without a scoring script, old import names in scoring scripts, and Kubernetes deployments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    CodeConfiguration,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    TargetUtilizationScaleSettings,
)

from tests.amlocal.serving_at_work import ENVIRONMENT

# An MLflow model whose flavour is a module of its own: it needs no library but MLflow.
MLMODEL = """artifact_path: model
flavors:
  python_function:
    code: code
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: adding
    python_version: 3.11.7
  adding:
    note: null
    serialization_format: 'none'
signature:
  inputs: '[{"type": "double", "name": "a"}, {"type": "double", "name": "b"}]'
  outputs: '[{"type": "double"}]'
  params: null
"""
LOADER = """
class Adding:
    def predict(self, table, params=None):
        return (table["a"] + table["b"]).to_numpy()
def _load_pyfunc(path):
    return Adding()
"""


class Endpoint:
    """An endpoint and calls of its scoring URL."""

    def __init__(self, client: MLClient, made: Any) -> None:
        self.client = client
        self.made = client.online_endpoints.begin_create_or_update(made).result()
        self._key = client.online_endpoints.get_keys(made.name).primary_key

    def deploy(self, **asked: Any) -> Any:
        wanted = {"endpoint_name": self.made.name, "instance_type": "Standard_DS3_v2", "instance_count": 1, **asked}
        is_managed = isinstance(self.made, ManagedOnlineEndpoint)
        kind = ManagedOnlineDeployment if is_managed else KubernetesOnlineDeployment
        return self.client.online_deployments.begin_create_or_update(kind(**wanted)).result()

    def call(self, deployment: str, *, path: str = "/score", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._key}", "azureml-model-deployment": deployment}
        url = self.made.scoring_uri.removesuffix("/score") + path
        return requests.request("POST" if more else "GET", url, headers=headers, timeout=30, **more)


@pytest.fixture(scope="module")
def endpoint(ml_client: MLClient) -> Iterator[Endpoint]:
    made = Endpoint(ml_client, ManagedOnlineEndpoint(name="ep-no-code", auth_mode="key"))
    yield made
    ml_client.online_endpoints.begin_delete(made.made.name).result()


@pytest.fixture(scope="module")
def adding(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("adding") / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "conda.yaml").write_text("dependencies:\n- python=3.11\n- pip:\n  - mlflow>=2\n  - pandas\n")
    (folder / "code" / "adding.py").write_text(LOADER)
    return ml_client.models.create_or_update(Model(name="adding", path=str(folder), type="mlflow_model"))


@pytest.fixture(scope="module")
def served(endpoint: Endpoint, adding: Model) -> Endpoint:
    deployed = endpoint.deploy(name="blue", model=adding.id)
    assert deployed.provisioning_state == "Succeeded"
    return endpoint


def test_the_flavours_come_from_the_models_own_file(adding: Model) -> None:
    assert adding.flavors == {
        "python_function": {
            "code": "code",
            "env.conda": "conda.yaml",
            "env.virtualenv": "python_env.yaml",
            "loader_module": "adding",
            "python_version": "3.11.7",
        },
        "adding": {"serialization_format": "none"},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"input_data": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3.5, 4]]}},
        {"input_data": {"columns": ["b", "a"], "data": [[2, 1], [4, 3.5]]}},
        {"input_data": [[1, 2], [3.5, 4]]},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3.5, 4]]}},
        {"dataframe_records": [{"a": 1, "b": 2}, {"a": 3.5, "b": 4}]},
    ],
)
def test_an_mlflow_model_answers_every_spelling_of_a_table(served: Endpoint, body: dict[str, Any]) -> None:
    answer = served.call("blue", json=body)
    assert (answer.status_code, answer.json()) == (200, [3.0, 7.5])


def test_the_swagger_tells_the_signature(served: Endpoint) -> None:
    for version in ("2", "3", "3.1"):
        document = served.call("blue", path=f"/swagger.json?version={version}").json()
        schemas = document["definitions"] if version == "2" else document["components"]["schemas"]
        assert "/score" in document["paths"]
        assert "a (double), b (double)" in schemas["ServiceInput"]["properties"]["input_data"]["description"]
        assert schemas["ServiceOutput"]["items"] == {"type": "number", "format": "double"}
        # What it gives as an example can be sent.
        assert served.call("blue", json=schemas["ServiceInput"]["example"]).json() == [0.0]


def test_a_body_that_no_mlflow_model_takes_is_the_models_error(served: Endpoint) -> None:
    answer = served.call("blue", json={"data": [[1, 2]]})
    assert (answer.status_code, answer.headers["ms-azureml-model-error-statuscode"]) == (424, "500")
    assert "input_data" in served.client.online_deployments.get_logs("blue", served.made.name, lines=50)
    told = served.client.online_deployments.get_logs(
        "blue", served.made.name, lines=50, container_type="storage-initializer"
    )
    assert "no scoring script" in told
    assert "has everything that is asked for" in told


def test_a_model_that_is_no_mlflow_model_needs_a_scoring_script(endpoint: Endpoint, tmp_path: Path, name: str) -> None:
    (tmp_path / "w.txt").write_text("W")
    model = endpoint.client.models.create_or_update(Model(name=name, path=str(tmp_path / "w.txt")))
    with pytest.raises(Exception, match="neither a scoring script nor an MLflow model"):
        endpoint.deploy(name="nothing", model=model.id)


def test_old_scoring_scripts_find_their_imports(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(
        "from azureml.contrib.services.aml_request import AMLRequest, rawhttp\n"
        "from azureml.contrib.services.aml_response import AMLResponse\n"
        "import azureml.mlflow\n"
        "def init():\n    pass\n"
        "@rawhttp\n"
        "def run(request: AMLRequest):\n"
        "    return AMLResponse(request.get_data().upper(), int(request.args.get('status', 200)))\n"
    )
    code = CodeConfiguration(code=str(tmp_path), scoring_script="score.py")
    endpoint.deploy(name="old", code_configuration=code, environment=ENVIRONMENT)
    answer = endpoint.call("old", data=b"raw")
    assert (answer.status_code, answer.content) == (200, b"RAW")
    # Whatever a container answers but 200 is an error to Azure.
    answer = endpoint.call("old", path="/score?status=201", data=b"raw")
    assert (answer.status_code, answer.content) == (424, b"RAW")
    assert answer.headers["ms-azureml-model-error-statuscode"] == "201"


def test_kubernetes_deployments_are_served_like_managed_ones(ml_client: MLClient, adding: Model, name: str) -> None:
    made = Endpoint(ml_client, KubernetesOnlineEndpoint(name=name, compute="cpu-cluster", auth_mode="key"))
    scale = TargetUtilizationScaleSettings(min_instances=2, max_instances=3)
    settings = OnlineRequestSettings(request_timeout_ms=3000)
    made.deploy(
        name="kube", model=adding.id, instance_count=None, scale_settings=scale, request_settings=settings,
        instance_type="defaultinstancetype",
    )  # fmt: skip
    read = ml_client.online_deployments.get("kube", name)
    assert isinstance(read, KubernetesOnlineDeployment)
    assert (read.scale_settings.min_instances, read.request_settings.request_timeout_ms) == (2, 3000)
    assert made.call("kube", json={"dataframe_records": [{"a": 1, "b": 1}]}).json() == [2.0]
    listed = {endpoint.name: endpoint for endpoint in ml_client.online_endpoints.list()}
    assert isinstance(listed[name], KubernetesOnlineEndpoint)
    assert listed[name].kind == "K8S"
    ml_client.online_endpoints.begin_delete(name).result()


OLD = MLMODEL.replace("  adding:\n", "  sklearn:\n    sklearn_version: 0.24.2\n  adding:\n")
FAILING = LOADER.replace("        return", "        1 / 0\n        return")


def test_a_model_of_another_release_is_told_where_people_look(
    endpoint: Endpoint, ml_client: MLClient, tmp_path: Path
) -> None:
    """The deployment says so, and the answer of a call that fails."""
    folder = tmp_path / "model"
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text(OLD)
    (folder / "code" / "adding.py").write_text(FAILING)
    model = ml_client.models.create_or_update(Model(name="failing", path=str(folder), type="mlflow_model"))
    deployed = endpoint.deploy(name="old", model=model.id)
    assert "made with scikit-learn 0.24.2" in deployed.properties["amlocal.warnings"]
    answer = endpoint.call("old", json={"input_data": {"columns": ["a", "b"], "data": [[1, 2]]}})
    assert (answer.status_code, answer.headers["ms-azureml-model-error-statuscode"]) == (424, "500")
    assert "ZeroDivisionError" in answer.json()["message"]
    assert "made with scikit-learn 0.24.2" in answer.json()["warnings"]
