"""Serves any Keras image classifier on an Azure ML endpoint; what it must know is in the model.json beside the network.

This file and conda.yml are all that is shipped. It imports nothing of the portal and prepares no pictures: a request
carries pixels of exactly the network's size, 0 to 255, as {"format": "pixels/v1", "instances": [[rows]]}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from azureml_inference_server_http.api.aml_response import AMLResponse

FORMAT = "pixels/v1"

network: Network


class BadRequest(Exception):
    """The request cannot be scored; the message says what to send instead."""


class Network:
    """One loaded classifier: its input shape (height, width, channels), its labels, and a compiled scoring function."""

    def __init__(self, folder: Path) -> None:
        spec = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if spec["format"] != FORMAT:
            raise ValueError(f"model.json asks for the format {spec['format']!r}; this script knows {FORMAT!r}.")
        self.shape = (int(spec["height"]), int(spec["width"]), int(spec["channels"]))
        self.labels = [str(label) for label in spec["labels"]]
        scale, offset = float(spec.get("scale", 1.0)), float(spec.get("offset", 0.0))
        layers = keras.saving.load_model(folder / spec["file"], compile=False)
        if tuple(layers.output_shape) != (None, len(self.labels)):
            raise ValueError(
                f"The network answers {layers.output_shape}, but model.json lists {len(self.labels)} labels."
            )

        # A traced function answers one picture in well under a millisecond; `predict` needs 40 for its set-up alone.
        @tf.function(input_signature=[tf.TensorSpec((None, *self.shape), tf.float32)])  # type: ignore[untyped-decorator]
        def score(pixels: Any) -> Any:
            return layers(pixels * scale + offset, training=False)

        self.score = score
        self.score(np.zeros((1, *self.shape), np.float32))  # traced and warm before the first request

    def answer(self, request: Any) -> dict[str, Any]:
        """One row of probabilities for each instance, in the order of `labels`. Raises BadRequest."""
        pixels = self._pixels(request)
        return {"predictions": self.score(pixels).numpy().tolist(), "labels": self.labels}

    def _pixels(self, request: Any) -> Any:
        if not isinstance(request, dict) or request.get("format") != FORMAT:
            raise BadRequest(f'Send a JSON object with "format": "{FORMAT}" and "instances".')
        height, width, channels = self.shape
        wanted = (
            f"{height} rows of {width} pixels with {channels} value{'s' if channels > 1 else ''} from 0 to 255 each"
        )
        try:
            pixels = np.asarray(request.get("instances"), dtype=np.float32)
        except (TypeError, ValueError):
            raise BadRequest(f"Each instance must be {wanted}; these are not numbers in rows of one length.") from None
        if pixels.ndim < 1 or pixels.shape[1:] not in self._shapes() or not len(pixels):
            raise BadRequest(f"Each instance must be {wanted}; the shape sent is {list(pixels.shape)}.")
        if not (pixels.min() >= 0 and pixels.max() <= 255):  # written so that NaN is refused too
            raise BadRequest(f"Each instance must be {wanted}; a value lies outside.")
        return pixels.reshape((-1, *self.shape))

    def _shapes(self) -> set[tuple[int, ...]]:
        """A grey pixel may be a number or a list of one."""
        return {self.shape, self.shape[:2]} if self.shape[2] == 1 else {self.shape}


def model_folder(root: Path) -> Path:
    """The folder with model.json: AZUREML_MODEL_DIR itself or, as on Azure, the registered folder inside it."""
    found = sorted(root.rglob("model.json"), key=lambda path: len(path.parts))
    if not found:
        raise FileNotFoundError(
            f"No model.json in {root} or below it: it must be registered together with the network."
        )
    return found[0].parent


def init() -> None:
    """Called once by the inference server; an exception here fails the deployment and stands in its log."""
    global network
    network = Network(model_folder(Path(os.environ["AZUREML_MODEL_DIR"])))
    print(f"Ready: {network.shape} to {len(network.labels)} labels.", flush=True)


def run(raw: str) -> Any:
    """Called for each request with its body. A request that cannot be scored gets 400 and a sentence."""
    try:
        return network.answer(json.loads(raw))
    except (BadRequest, json.JSONDecodeError) as error:
        return AMLResponse({"error": str(error)}, 400, json_str=True)
