"""The probes of a deployment: how long a start may take, and what happens to a server that stops answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import CodeConfiguration, ProbeSettings
from azure.core.exceptions import HttpResponseError

from tests.amlocal.serving_at_work import Served, is_alive
from tests.amlocal_server import wait_for

# Sleeps in init() where it is told to, and stops its own process when it is asked to.
SCORE = """
import json, os, signal, time
def init():
    time.sleep(float(os.environ.get("SLEEP", "0")))
def run(text):
    if json.loads(text).get("hang"):
        os.kill(os.getpid(), signal.SIGSTOP)
    return {"pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def served(ml_client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(ml_client, tmp_path_factory.mktemp("probes"), "ep-probes")
    (served.code / "slow.py").write_text(SCORE)
    yield served
    served.delete()


def probe(failures: int) -> ProbeSettings:
    return ProbeSettings(initial_delay=1, period=1, timeout=1, failure_threshold=failures, success_threshold=1)


def code(served: Served) -> CodeConfiguration:
    return CodeConfiguration(code=str(served.code), scoring_script="slow.py")


@pytest.mark.slow
def test_a_start_that_takes_longer_than_its_probes_allow_fails(served: Served) -> None:
    with pytest.raises(HttpResponseError, match="did not answer its probes"):
        served.deploy("slow", code_configuration=code(served), variables={"SLEEP": "60"}, liveness_probe=probe(3))


@pytest.mark.slow
def test_a_server_that_stops_answering_is_started_again(served: Served, tmp_path: Path) -> None:
    served.deploy(
        "blue", code_configuration=code(served), timeout_ms=1000, liveness_probe=probe(12), readiness_probe=probe(12)
    )
    before = served.post(azureml_model_deployment="blue").json()["pid"]
    served.deploy(
        "blue", code_configuration=code(served), timeout_ms=1000, liveness_probe=probe(2), readiness_probe=probe(2)
    )
    assert served.post(azureml_model_deployment="blue").json()["pid"] == before
    assert served.post({"hang": True}, azureml_model_deployment="blue").status_code == 408
    wait_for(lambda: not is_alive(before), seconds=30)
    wait_for(lambda: served.post(azureml_model_deployment="blue").status_code == 200, seconds=30)
