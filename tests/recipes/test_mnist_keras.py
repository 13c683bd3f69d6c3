"""The MNIST recipe, run for real: what it prints, logs and leaves behind."""

import gzip
import itertools
import json
import os
import re
import struct
import subprocess
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from scoring import specs
from tests.scoring.support import DATA, ROOT, SCORING_PYTHON, needs_data, needs_scoring_environment

RECIPE = ROOT / "recipes" / "mnist-keras"
SHORT = ["--epochs", "2", "--train_limit", "300"]
EPOCH = re.compile(r"epoch (\d)/2  loss ([\d.]+)  accuracy ([\d.]+)  val_loss ([\d.]+)  val_accuracy ([\d.]+)  \(")


def train(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in `folder`, as a job does: ./outputs is the working directory's."""
    return subprocess.run(
        [SCORING_PYTHON, str(RECIPE / "train.py"), *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.fixture
def tracking() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """The MLflow REST calls that a run in a job makes, answered and kept. The run exists already, as on Azure ML."""
    calls: list[tuple[str, dict[str, Any]]] = []
    run = {
        "info": {"run_id": "job-1", "run_uuid": "job-1", "experiment_id": "1", "status": "RUNNING", "start_time": 1},
        "data": {},
    }

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            calls.append((urlsplit(self.path).path.rpartition("/mlflow/")[2], json.loads(content or b"{}")))
            body = json.dumps({"run": run, "run_info": run["info"]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = answer

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", calls
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run on the bundled digits without a tracking server: (its outputs, what it printed)."""
    folder = tmp_path_factory.mktemp("bundled")
    ended = train(folder, *SHORT)
    assert ended.returncode == 0, ended.stderr
    return folder / "outputs", ended.stdout


@needs_scoring_environment
@pytest.mark.slow
def test_a_run_says_which_data_it_uses_and_how_each_epoch_went(bundled: tuple[Path, str]) -> None:
    _, printed = bundled
    assert "data: scikit-learn digits: 4800 train, 269 validation, 270 held back" in printed
    epochs = EPOCH.findall(printed)
    assert [number for number, *_ in epochs] == ["1", "2"]
    assert float(epochs[1][4]) > 0.8
    held_back = re.search(r"held-back digits: accuracy ([\d.]+)", printed)
    assert held_back
    assert float(held_back[1]) > 0.8


@needs_scoring_environment
@pytest.mark.slow
def test_a_run_leaves_a_network_and_its_description(bundled: tuple[Path, str]) -> None:
    outputs, _ = bundled
    spec = specs.parse((outputs / "model" / "model.json").read_text())
    assert (spec.width, spec.height, spec.channels, spec.inverted) == (28, 28, 1, True)
    assert spec.labels == tuple("0123456789")
    assert (outputs / "model" / spec.file).stat().st_size > 100_000


@needs_scoring_environment
@pytest.mark.slow
def test_a_run_leaves_one_held_back_picture_of_each_digit(bundled: tuple[Path, str]) -> None:
    samples = bundled[0] / "samples"
    listed = json.loads((samples / "samples.json").read_text())
    assert sorted(sample["label"] for sample in listed) == list("0123456789")
    for number, sample in enumerate(listed):
        assert sample["file"] == f"{number}-{sample['label']}.png"
        with Image.open(samples / sample["file"]) as picture:
            assert (picture.size, picture.mode) == ((28, 28), "L")


PARTS = """
import sys; sys.path.insert(0, sys.argv[1])
import digits, json
parts = [digits.load(None, seed) for seed in (1, 1, 2)]
as_sets = lambda d: [{image.tobytes() for image in part.images} for part in (d.train, d.validation, d.test)]
sets = [as_sets(d) for d in parts]
print(json.dumps({
    "shared": [len(a & b) for a, b in ((sets[0][0], sets[0][2]), (sets[0][1], sets[0][2]), (sets[0][0], sets[0][1]))],
    "same_seed": sets[0] == sets[1], "other_seed": sets[0][2] == sets[2][2]}))
"""


@needs_scoring_environment
@pytest.mark.slow
def test_the_held_back_digits_are_never_trained_on() -> None:
    ended = subprocess.run([SCORING_PYTHON, "-c", PARTS, str(RECIPE)], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == {"shared": [0, 0, 0], "same_seed": True, "other_seed": False}


@needs_scoring_environment
@needs_data("mnist")
@pytest.mark.slow
def test_mnist_is_read_from_packed_and_unpacked_files(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for packed in (DATA / "mnist").glob("*.gz"):
        if "labels" in packed.name:
            (data / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
        else:
            (data / packed.name).symlink_to(packed)
    ended = train(tmp_path, "--data", str(data), "--epochs", "2", "--train_limit", "3000")
    assert ended.returncode == 0, ended.stderr
    assert "data: mnist: 3000 train, 6000 validation, 10000 held back" in ended.stdout
    assert float(EPOCH.findall(ended.stdout)[1][4]) > 0.85
    assert (tmp_path / "outputs" / "samples" / "0-7.png").exists()


@needs_scoring_environment
@pytest.mark.slow
def test_wrong_data_fails_the_run_with_one_sentence(
    tmp_path: Path, tracking: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    url, calls = tracking
    ended = train(tmp_path, "--data", str(tmp_path), MLFLOW_TRACKING_URI=url, MLFLOW_RUN_ID="job-1")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("No train-images-idx file in ")
    assert "Traceback" not in ended.stderr
    assert [body["status"] for path, body in calls if path == "runs/update"][-1] == "FAILED"


READ = """
import pathlib, sys; sys.path.insert(0, sys.argv[1])
import digits
try:
    digits.load(pathlib.Path(sys.argv[2]), 1)
except digits.DataMissing as problem:
    print(problem)
"""


@needs_scoring_environment
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("train-images-idx3-ubyte", b"hello, I am no idx file", "does not start like an idx file"),
        ("train-images.idx3-ubyte", struct.pack(">4I", 0x0803, 10, 28, 28) + b"\0" * 28, "cannot be read as an idx"),
        ("train-images-idx3-ubyte.gz", b"\x1f\x8b broken", "cannot be read as an idx"),
        ("train-images-idx3-ubyte", struct.pack(">4I", 0x0803, 1, 28, 28) + b"\0" * 784, "No train-labels-idx file"),
    ],
)
def test_a_damaged_idx_file_is_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    ended = subprocess.run(
        [SCORING_PYTHON, "-c", READ, str(RECIPE), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert words in ended.stdout


# What is tracked


@pytest.mark.extended
@needs_scoring_environment
@pytest.mark.slow
def test_metrics_are_sent_epoch_by_epoch_to_the_jobs_own_run(
    tmp_path: Path, tracking: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    url, calls = tracking
    ended = train(tmp_path, *SHORT, MLFLOW_TRACKING_URI=url, MLFLOW_RUN_ID="job-1")
    assert ended.returncode == 0, ended.stderr
    batches = [body for path, body in calls if path == "runs/log-batch"]
    assert {body["run_id"] for body in batches} == {"job-1"}
    parameters = {row["key"]: row["value"] for body in batches for row in body.get("params", [])}
    assert parameters["dataset"] == "scikit-learn digits"
    assert {name: parameters[name] for name in ("epochs", "seed", "train_limit")} == {
        "epochs": "2",
        "seed": "1",
        "train_limit": "300",
    }
    sent = [[(row["key"], int(row["step"])) for row in body.get("metrics", [])] for body in batches]
    names = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert [rows for rows in sent if rows] == [
        [(name, 1) for name in names],
        [(name, 2) for name in names],
        [("test_accuracy", 2)],
    ]


# recipe.toml


def recipe() -> dict[str, Any]:
    return tomllib.loads((RECIPE / "recipe.toml").read_text())


def test_the_command_uses_each_parameter_and_input_once() -> None:
    declared = recipe()
    used = re.findall(r"\$\{\{inputs\.(\w+)\}\}", declared["command"])
    assert sorted(used) == sorted([*declared["parameters"], *declared["inputs"]])
    optional = re.findall(r"\$\[\[--data \$\{\{inputs\.(\w+)\}\}\]\]", declared["command"])
    assert optional == [name for name, body in declared["inputs"].items() if body.get("optional")]


def test_defaults_lie_within_their_limits_and_are_the_scripts_own() -> None:
    source = (RECIPE / "train.py").read_text()
    for name, body in recipe()["parameters"].items():
        assert body["min"] <= body["default"] <= body["max"]
        option = re.search(rf'"--{name}", type=(int|float), default=([\d.]+)', source)
        assert option
        assert (option[1], float(option[2])) == ({"integer": "int", "number": "float"}[body["type"]], body["default"])


def test_everything_pinned_has_a_lower_bound() -> None:
    lines = [
        line.strip()
        for file in (RECIPE / "conda.yml", ROOT / "scoring" / "entry" / "conda.yml")
        for line in itertools.dropwhile(lambda line: "- pip:" not in line, file.read_text().splitlines())
    ]
    packages = [line for line in lines if line.startswith("- ") and line != "- pip:"]
    assert len(packages) > 10
    assert all(">=" in package for package in packages)
