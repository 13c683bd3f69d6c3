"""scoring/entry/score.py in the real inference server: its answers are the network's own, for networks of any size."""

import csv
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring import images, specs, wire
from scoring.specs import ImageSpec
from tests.scoring.support import (
    DATA,
    ROOT,
    SCORING_PYTHON,
    color_spec,
    inference_server,
    needs_data,
    needs_scoring_environment,
)

pytestmark = [needs_scoring_environment, pytest.mark.slow]

MAKE_NETWORKS = """
import json, pathlib, sys, keras, numpy as np
keras.utils.set_random_seed(7)
def make(folder, shape, scale, offset, labels, nested=""):
    place = pathlib.Path(folder, nested); place.mkdir(parents=True)
    height, width, channels = shape
    network = keras.Sequential([keras.Input(shape), keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(len(labels), activation="softmax")])
    network.save(place / "model.keras")
    color = "rgb" if channels == 3 else "grayscale"
    spec = {"format": "pixels/v1", "file": "model.keras", "width": width, "height": height, "channels": channels}
    spec |= {"color": color, "scale": scale, "offset": offset, "labels": labels}
    (place / "model.json").write_text(json.dumps(spec))
    pixels = np.random.default_rng(1).integers(0, 256, (3, *shape))
    direct = network(pixels.astype("float32") * scale + offset, training=False).numpy()
    pathlib.Path(folder, "direct.json").write_text(json.dumps({"pixels": pixels.tolist(), "answers": direct.tolist()}))
make(sys.argv[1] + "/color", (96, 96, 3), 1 / 127.5, -1.0, ["cat", "dog", "fish", "bird"], nested="portrait-classifier")
make(sys.argv[1] + "/grey", (20, 28, 1), 1 / 255, 0.0, ["no", "yes"])
"""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    subprocess.run([SCORING_PYTHON, "-c", MAKE_NETWORKS, str(folder)], check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def color_url(networks: Path) -> Iterator[str]:
    """A 96x96 colour network, its files nested one folder deeper, as Azure mounts a registered folder."""
    with inference_server(networks / "color", networks / "color.log") as url:
        yield url


def post(url: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def pixel_request(instances: Any) -> bytes:
    return json.dumps({"format": "pixels/v1", "instances": instances}).encode()


def direct(networks: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((networks / name / "direct.json").read_text()))


def assert_same(answers: list[list[float]], wanted: list[list[float]]) -> None:
    assert len(answers) == len(wanted)
    for row, wanted_row in zip(answers, wanted, strict=True):
        assert row == pytest.approx(wanted_row, abs=1e-5)


@pytest.mark.extended
def test_a_color_network_answers_as_it_does_directly(networks: Path, color_url: str) -> None:
    known = direct(networks, "color")
    status, answer = post(color_url, pixel_request(known["pixels"]))
    assert status == 200
    assert answer["labels"] == ["cat", "dog", "fish", "bird"]
    assert_same(answer["predictions"], known["answers"])
    for pixels, wanted in zip(known["pixels"], known["answers"], strict=True):
        assert_same(post(color_url, pixel_request([pixels]))[1]["predictions"], [wanted])


def test_what_the_portal_encodes_is_what_the_script_reads(networks: Path, color_url: str) -> None:
    known = direct(networks, "color")
    spec = specs.parse((networks / "color" / "portrait-classifier" / "model.json").read_text())
    flat = bytes(value for row in known["pixels"][0] for pixel in row for value in pixel)
    request = wire.encode(images.Pixels(96, 96, 3, flat), spec)
    status, answer = post(color_url, request.body)
    predictions = wire.decode(json.dumps(answer).encode(), spec)
    assert status == 200
    wanted = sorted(zip(spec.labels, known["answers"][0], strict=True), key=lambda pair: -pair[1])
    assert [label for label, _ in predictions] == [label for label, _ in wanted]
    assert_same([[value for _, value in predictions]], [[value for _, value in wanted]])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting"),
        (b"[]", '"format": "pixels/v1"'),
        (b'{"format": "base64/v1", "instances": []}', '"format": "pixels/v1"'),
        (b'{"format": "pixels/v1"}', "96 rows of 96 pixels with 3 values"),
        (pixel_request([]), "the shape sent is [0]"),
        (pixel_request([[[1, 2, 3]]]), "the shape sent is [1, 1, 3]"),
        (pixel_request([[[1, 2], [3]]]), "not numbers in rows of one length"),
        (pixel_request(["cat"]), "not numbers"),
        (pixel_request([[[[300, 0, 0]] * 96] * 96]), "a value lies outside"),
        (pixel_request([[[[-1, 0, 0]] * 96] * 96]), "a value lies outside"),
        (pixel_request([[[[float("nan"), 0, 0]] * 96] * 96]), "a value lies outside"),
    ],
)
def test_a_request_that_cannot_be_scored_is_told_why(color_url: str, body: bytes, words: str) -> None:
    status, answer = post(color_url, body)
    assert status == 400
    assert words in answer["error"]


def test_a_grey_pixel_may_be_a_number_or_a_list_of_one(networks: Path) -> None:
    known = direct(networks, "grey")
    plain = [[[pixel[0] for pixel in row] for row in picture] for picture in known["pixels"]]
    with inference_server(networks / "grey", networks / "grey.log") as url:
        for instances in (known["pixels"], plain):
            status, answer = post(url, pixel_request(instances))
            assert status == 200
            assert_same(answer["predictions"], known["answers"])


TRY_EACH = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
import score
for folder in sorted(pathlib.Path(sys.argv[2]).iterdir()):
    os.environ["AZUREML_MODEL_DIR"] = str(folder)
    try:
        score.init()
    except Exception as error:
        print(folder.name, "|", error)
"""


def test_a_wrong_model_folder_fails_at_the_start_with_the_reason(networks: Path, tmp_path: Path) -> None:
    spec = json.loads((networks / "grey" / "model.json").read_text())
    broken = {
        "another-format": {"format": "base64/v9"},
        "another-number-of-labels": {"labels": ["only one"]},
        "no-network": {"file": "other.keras"},
    }
    for name, changes in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.json").write_text(json.dumps(spec | changes))
        (tmp_path / name / "model.keras").write_bytes((networks / "grey" / "model.keras").read_bytes())
    (tmp_path / "nothing").mkdir()
    ended = subprocess.run(
        [SCORING_PYTHON, "-c", TRY_EACH, str(ROOT / "scoring" / "entry"), str(tmp_path)],
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = dict(line.split(" | ", 1) for line in ended.stdout.splitlines() if " | " in line)
    assert "asks for the format 'base64/v9'" in said["another-format"]
    assert "lists 1 labels" in said["another-number-of-labels"]
    assert "other.keras" in said["no-network"]
    assert "No model.json in" in said["nothing"]


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> ImageSpec:
    index = json.loads((DATA / "imagenet" / "imagenet_class_index.json").read_text())
    return color_spec(labels=[f"{number} {index[str(number)][1]}" for number in range(1000)])


@pytest.mark.extended
@needs_data("imagenet")
@needs_data("photos")
def test_mobilenet_names_what_is_on_the_photos(imagenet: ImageSpec, tmp_path: Path) -> None:
    """A whole Keras .h5 from elsewhere: same script, other model.json."""
    fields = ("format", "file", "width", "height", "channels", "color", "scale", "offset", "labels")
    (tmp_path / "model.json").write_text(json.dumps({name: getattr(imagenet, name) for name in fields}))
    (tmp_path / "model.h5").symlink_to(DATA / "imagenet" / "mobilenet_v2_224.h5")
    with (DATA / "photos" / "labels.csv").open(newline="") as listed:
        photos = [row for row in csv.DictReader(listed) if row["accepted_imagenet_classes"]]
    with inference_server(tmp_path, tmp_path / "server.log") as url:
        for photo in photos:
            picture = images.prepare((DATA / "photos" / photo["file"]).read_bytes(), imagenet)
            status, answer = post(url, wire.encode(picture.pixels, imagenet).body)
            best = [label.split()[0] for label, _ in wire.decode(json.dumps(answer).encode(), imagenet)[:3]]
            accepted = {name.split()[0] for name in photo["accepted_imagenet_classes"].split("|")}
            assert status == 200
            assert accepted & set(best[: 1 if photo["kind"].startswith("clear") else 3]), (photo["file"], best)
