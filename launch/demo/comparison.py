"""Computes a version's answer without any endpoint, in the scoring environment, to compare the endpoint's with."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from launch.console import Problem
from launch.demo.api_client import ApiClient
from portal import env
from scoring import images, specs, wire

PYTHON = env.ROOT / ".venv-scoring" / "bin" / "python"
SCRIPT = env.ROOT / "scoring" / "entry" / "score.py"
SECONDS = 120
# The same network on the same machine; the pictures are sent as whole numbers, so only float32 sums may differ.
TOLERANCE = 1e-4


def reference_answer(api: ApiClient, version: dict[str, Any], png: bytes) -> dict[str, float]:
    """Label → probability from the version's own files, downloaded through the API. Raises Problem."""
    spec = specs.from_document(version["spec"])
    request = wire.encode(images.prepare(png, spec).pixels, spec)
    with tempfile.TemporaryDirectory(prefix="portolan-demo-") as folder:
        for file in version["files"]:
            path = Path(folder) / file["path"]
            if not path.resolve().is_relative_to(Path(folder).resolve()):
                raise Problem(f"The version has a file outside its folder: {file['path']}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(api.download(file["url"]))
        document = _run(folder, request.body)
    return dict(zip(document["labels"], document["predictions"][0], strict=True))


def differences(top: list[list[Any]], reference: dict[str, float]) -> list[str]:
    """A sentence for each of the endpoint's probabilities that is not the reference's."""
    return [
        f"{label}: {probability:.6f} from the endpoint, {reference.get(label, float('nan')):.6f} computed here"
        for label, probability in top
        if not abs(reference.get(label, float("nan")) - probability) <= TOLERANCE
    ]


def _run(folder: str, request: bytes) -> dict[str, Any]:
    script = Path(__file__).with_name("score_locally.py")
    answer = subprocess.run(
        [PYTHON, "-W", "ignore", script, SCRIPT],
        input=request,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        env={"PATH": os.environ.get("PATH", os.defpath), "AZUREML_MODEL_DIR": folder, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if answer.returncode:
        last = (answer.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise Problem(f"The scoring environment could not compute the answer: {last}")
    document: dict[str, Any] = json.loads(answer.stdout.decode().strip().splitlines()[-1])
    return document
