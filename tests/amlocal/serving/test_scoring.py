"""The scoring URL: who may call, who answers, and Azure's words when something is wrong."""

from __future__ import annotations

import collections
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import ManagedOnlineEndpoint

from tests.amlocal.data_plane import DataPlane
from tests.amlocal.serving_at_work import Served, is_alive
from tests.amlocal_server import AmlocalServer, wait_for


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("served"), "ep-scoring")
    served.deploy("blue")
    served.deploy("green", timeout_ms=1000, concurrent=1)
    served.route(blue=100)
    yield served
    served.delete()


def test_the_sdk_invokes_the_endpoint_and_one_deployment(ml_client: MLClient, served: Served, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text('{"any": "thing"}')
    answer = ml_client.online_endpoints.invoke(served.name, request_file=str(request))
    assert '"who": "blue"' in answer
    answer = ml_client.online_endpoints.invoke(served.name, request_file=str(request), deployment_name="green")
    assert '"who": "green"' in answer


def test_the_answer_names_its_deployment_and_request(served: Served) -> None:
    own = str(uuid.uuid4())
    answer = served.post(x_request_id=own, x_ms_client_request_id="mine-2")
    assert answer.status_code == 200
    assert answer.json()["word"] == "weights"
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert int(answer.headers["ms-azureml-model-time"]) >= 0
    assert (answer.headers["x-request-id"], answer.headers["x-ms-client-request-id"]) == (own, "mine-2")


def test_a_request_id_is_always_a_guid_and_the_clients_own_is_cut(served: Served) -> None:
    answer = served.post(x_request_id="mine-1", x_ms_client_request_id="a b/c" + "x" * 60)
    assert uuid.UUID(answer.headers["x-request-id"])
    assert answer.headers["x-ms-client-request-id"] == ("abc" + "x" * 60)[:40]


def test_traffic_is_split_as_asked_and_the_header_goes_around_it(served: Served) -> None:
    served.route(blue=70, green=30)
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    counted = collections.Counter(served.post(key=key).json()["who"] for _ in range(120))
    assert 20 <= counted["green"] <= 55, counted  # mean 36, four sigmas are 20
    assert {served.post(key=key, azureml_model_deployment="green").json()["who"] for _ in range(5)} == {"green"}
    served.route(blue=100)


def test_without_a_good_key_nobody_is_answered(served: Served) -> None:
    for key in ("", "guess"):
        answer = served.post(key=key)
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
    assert requests.post(served.endpoint.scoring_uri, json={}, timeout=5).status_code == 401
    assert served.post(key=served.client.online_endpoints.get_keys(served.name).secondary_key).status_code == 200


def test_without_traffic_there_is_no_route(served: Served) -> None:
    served.route(blue=0)
    answer = served.post()
    assert answer.status_code == 404
    assert "No valid deployments to route to" in answer.text
    assert served.post(azureml_model_deployment="blue").status_code == 200
    assert served.post(azureml_model_deployment="nobody").status_code == 404
    served.route(blue=100)


def test_an_exception_in_the_model_is_a_424(served: Served) -> None:
    answer = served.post({"fail": True})
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert answer.headers["ms-azureml-model-error-reason"] == "model_error"
    log = served.client.online_deployments.get_logs("blue", served.name, lines=100)
    assert "ValueError: the model cannot do that" in log


def test_a_slow_model_is_a_408_after_request_timeout_ms(served: Served) -> None:
    answer = served.post({"sleep": 2.5}, azureml_model_deployment="green")
    assert answer.status_code == 408
    assert "request_timeout_ms (1000)" in answer.text
    wait_for(lambda: served.post(azureml_model_deployment="green").status_code == 200)


def test_more_than_twice_the_concurrency_is_a_429(served: Served) -> None:
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    served.deploy("green", timeout_ms=20_000)

    def ask(_: int) -> tuple[int, str | None]:
        answer = served.post({"sleep": 2}, key=key, azureml_model_deployment="green")
        return answer.status_code, answer.headers.get("ms-azureml-model-error-reason")

    with ThreadPoolExecutor(6) as pool:
        counted = collections.Counter(pool.map(ask, range(6)))
    assert counted[(429, "too_many_pending_request")] == 4, counted
    assert counted[(200, None)] == 2, counted
    served.deploy("green", timeout_ms=1000)


def test_the_caller_s_key_never_reaches_the_model(served: Served, amlocal_server: AmlocalServer) -> None:
    seen = served.post().json()["seen"]
    assert {"AZUREML_MODEL_DIR", "AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "WHO"} <= set(seen)
    assert not [name for name in seen if name.startswith(("AMLOCAL_", "PORTAL_", "DJANGO_"))]


def test_the_model_signs_in_with_the_endpoints_identity(served: Served) -> None:
    assert served.post({"sign_in": True}).json() == "Bearer"


def test_the_swagger_of_the_endpoint_is_the_model_s(served: Served) -> None:
    uri = served.endpoint.scoring_uri.replace("/score", "/swagger.json")
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    answer = requests.get(uri, headers={"Authorization": f"Bearer {key}"}, timeout=5)
    assert answer.status_code == 200
    assert "/score" in answer.json()["paths"]


def test_a_crashed_instance_is_started_again(served: Served) -> None:
    before = served.post().json()["pid"]
    assert served.post({"exit": True}).status_code == 502
    wait_for(lambda: not is_alive(before))

    def answers() -> bool:
        answer = served.post()
        return answer.status_code == 200 and answer.json()["pid"] != before

    wait_for(answers)


@pytest.mark.parametrize("mode", ["aml_token", "aad_token"])
def test_tokens_work_where_the_endpoint_asks_for_them(
    ml_client: MLClient, served: Served, amlocal_server: AmlocalServer, mode: str
) -> None:
    name = f"ep-{mode.replace('_', '-')}"
    made = ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode=mode)).result()
    token = ml_client.online_endpoints.get_keys(name).access_token
    refused = requests.post(made.scoring_uri, json={}, headers={"Authorization": "Bearer x.y.z"}, timeout=5)
    assert refused.status_code == 401
    # Neither a token for ARM nor one for another endpoint is one for this.
    other = ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=f"{name}-2", auth_mode=mode))
    strangers = [DataPlane(amlocal_server).headers["Authorization"].partition(" ")[2]]
    if mode == "aml_token":
        strangers.append(ml_client.online_endpoints.get_keys(other.result().name).access_token)
    for stranger in strangers:
        refused = requests.post(made.scoring_uri, headers={"Authorization": f"Bearer {stranger}"}, timeout=5)
        assert refused.status_code == 401
    ml_client.online_endpoints.begin_delete(other.result().name).result()
    # A good token gets past the door, and there is no deployment behind it.
    passed = requests.post(made.scoring_uri, json={}, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert passed.status_code == 404
    ml_client.online_endpoints.begin_delete(name).result()


def test_an_arm_token_is_no_key(served: Served, amlocal_server: AmlocalServer) -> None:
    token = DataPlane(amlocal_server).headers["Authorization"].partition(" ")[2]
    assert served.post(key=token).status_code == 401


def test_raw_requests_pass_through_unchanged(served: Served, tmp_path: Path) -> None:
    (served.code / "raw.py").write_text(
        "from azureml_inference_server_http.api.aml_request import rawhttp\n"
        "from azureml_inference_server_http.api.aml_response import AMLResponse\n"
        "def init():\n    pass\n"
        "@rawhttp\n"
        "def run(request):\n"
        "    return AMLResponse(request.get_data()[::-1], 200, {'Content-Type': 'application/octet-stream'})\n"
    )
    from azure.ai.ml.entities import CodeConfiguration

    served.deploy("raw", code_configuration=CodeConfiguration(code=str(served.code), scoring_script="raw.py"))
    key = served.client.online_endpoints.get_keys(served.name).primary_key
    headers = {"Authorization": f"Bearer {key}", "azureml-model-deployment": "raw", "Content-Type": "image/png"}
    body = bytes(range(256)) * 1000
    answer = requests.post(served.endpoint.scoring_uri, data=body, headers=headers, timeout=10)
    assert answer.status_code == 200
    assert answer.content == body[::-1]
    form = requests.post(
        served.endpoint.scoring_uri,
        files=[("file[]", ("a.jpg", body, "image/jpeg"))],
        headers={"Authorization": f"Bearer {key}", "azureml-model-deployment": "raw"},
        timeout=10,
    )
    assert form.status_code == 200, form.text
    assert body[::-1] in form.content
