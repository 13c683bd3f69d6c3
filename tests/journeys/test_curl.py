"""The main job in the ten lines of docs/api.md, run as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from launch.demo.api_client import ApiClient
from tests.journeys.furnishing import Places
from tests.journeys.servers import ROOT, RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.extended]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def token_of(api: ApiClient) -> str:
    return str(api.session.headers["Authorization"]).removeprefix("Bearer ")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_the_documented_lines_do_the_main_job(site: RunningServer, places: Places, tmp_path: Path) -> None:
    sign_in, main_job, *_more = BLOCK.findall((ROOT / "docs" / "api.md").read_text())
    lines = [line for line in main_job.splitlines() if line and not line.startswith(("api=", "value()", "finished()"))]
    assert len(lines) == 10
    done = subprocess.run(
        ["sh", "-eu", "-c", sign_in + main_job],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PORTAL": site.url, "TOKEN": token_of(places.owner)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    accuracy, best = done.stdout.splitlines()
    assert float(accuracy) > 0.8
    label, probability = json.loads(best.replace("'", '"'))
    assert label.isdigit()
    assert 0 < probability <= 1
