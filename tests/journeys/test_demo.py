"""script/demo --once, as the README tells a newcomer to run it; then the site started again on what it left."""

import json
import os
import signal
import subprocess

import pytest

from launch.demo.http_browser import Browser
from tests.journeys.servers import ROOT, RunningServer

# The main job is done by clicking in test_main_job.py with each run; by the demo with --all and in CI.
pytestmark = [pytest.mark.slow, pytest.mark.extended]
MINUTES = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Ports and folder for the demo; not started."""
    return RunningServer(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def demo(server):
    return subprocess.run(
        [ROOT / "script" / "demo", "--once", "--epochs", "2"],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=5 * MINUTES,
    )


def test_the_demo_does_the_main_job_and_its_last_line_says_so(demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    facts = json.loads(demo.stdout.strip().splitlines()[-1])
    assert facts["workspace"] == "local"
    assert facts["run"]["status"] == "Completed"
    assert facts["run"]["val_accuracy"] > 0.9
    assert facts["model_version"] == {"name": "mnist-lenet", "version": "1"}
    assert facts["endpoint"]["name"] == "demo-digits"
    assert facts["endpoint"]["scoring_uri"].startswith("https://localhost:")
    assert len(facts["prediction"]["top"]) == 3
    assert facts["prediction"]["expected"] == "7"
    assert facts["prediction"]["latency_ms"] > 0
    assert set(facts["seconds"]) == {"setup", "start", "train", "deploy", "predict"}


def test_it_says_which_digits_and_shows_the_first_point_before_the_third_epoch(demo):
    lines = demo.stdout.splitlines()
    assert any("data: scikit-learn digits" in line for line in lines)
    assert any("first point on the page" in line and "seen so far" in line for line in lines)


def test_its_person_is_kept_for_the_owner_of_the_folder_only(server, demo):
    assert (server.home / "demo.json").stat().st_mode & 0o777 == 0o600


def test_nothing_runs_after_it(server, demo):
    assert server.processes() == []


def test_a_second_start_finds_run_and_model_and_the_endpoint_still_answers(server, demo):
    person = json.loads((server.home / "demo.json").read_text())
    server.start()
    try:
        browser = Browser(server.url)
        browser.submit("/sign-in/", lambda form: "password" in form.fields, person)
        api = browser.make_token("tests")
        assert [row["status"] for row in api.list("jobs")] == ["Completed"]
        assert [row["name"] for row in api.list("models")] == ["mnist-lenet"]
        (endpoint,) = api.list("predict")
        sample = api.get(f"predict/{endpoint['id']}")["samples"][0]
        files = {"image": [("digit.png", api.download(sample["url"]))]}
        answer = api.upload(f"predict/{endpoint['id']}", {}, files)
        assert len(answer["top"]) >= 3
        assert answer["error"] is None
    finally:
        server.stop()


def test_a_folder_with_people_but_no_demo_person_is_a_sentence(server, demo):
    (server.home / "demo.json").rename(server.home / "away.json")
    answer = subprocess.run(
        [ROOT / "script" / "demo", "--once"],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=MINUTES,
    )
    assert answer.returncode == 1
    assert "has people but no demo person" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert server.processes() == []


def test_ctrl_c_in_mid_training_ends_every_process(tmp_path):
    server = RunningServer(tmp_path)
    demo = subprocess.Popen(
        [ROOT / "script" / "demo"],
        cwd=ROOT,
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with demo.stdout:
        assert any("epoch 1/" in line for line in demo.stdout), "the training did not start"
        assert len(server.processes()) > 8
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        rest = demo.stdout.read()
    assert demo.wait(MINUTES) == 130
    assert "All processes have ended." in rest
    assert "Traceback" not in rest
    assert server.processes() == []
