"""Trains LeNet on handwritten digits and leaves the network, its model.json and ten held-back digits in ./outputs.

Azure ML uploads ./outputs when the script ends. Nothing here registers or deploys. Metrics go to MLflow when
MLFLOW_TRACKING_URI is set (Azure ML sets it), and are always printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import digits
import keras
import numpy as np
from PIL import Image

OUTPUTS = Path("outputs")
LABELS = [str(digit) for digit in range(10)]


class Tracker(Protocol):
    """Where parameters and metrics go; `log` gets the epoch, counted from 1."""

    def parameters(self, values: dict[str, Any]) -> None: ...
    def log(self, values: dict[str, float], epoch: int) -> None: ...


class Nowhere:
    """Used without a tracking server: the printed lines are all there is."""

    def parameters(self, values: dict[str, Any]) -> None:
        say("MLFLOW_TRACKING_URI is not set: metrics are only printed.")

    def log(self, values: dict[str, float], epoch: int) -> None:
        pass


class Mlflow:
    """The active MLflow run. Each call is sent before it returns."""

    def __init__(self, mlflow: Any) -> None:
        self.mlflow = mlflow

    def parameters(self, values: dict[str, Any]) -> None:
        self.mlflow.log_params(values)

    def log(self, values: dict[str, float], epoch: int) -> None:
        self.mlflow.log_metrics(values, step=epoch)


@contextlib.contextmanager
def tracking() -> Iterator[Tracker]:
    """The run that MLFLOW_RUN_ID names (Azure ML's job), else a new one; an error inside marks it as failed."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        yield Nowhere()
        return
    import mlflow

    with mlflow.start_run():
        yield Mlflow(mlflow)


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Prints a line and sends the four metrics as soon as an epoch has ended."""

    def __init__(self, tracker: Tracker, epochs: int) -> None:
        super().__init__()
        self.tracker, self.epochs, self.started_at = tracker, epochs, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started_at = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float((logs or {})[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        self.tracker.log(values, epoch + 1)
        figures = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        say(f"epoch {epoch + 1}/{self.epochs}  {figures}  ({time.perf_counter() - self.started_at:.1f} s)")


def say(line: str) -> None:
    """Print at once: the run's log is read while the script runs."""
    print(line, flush=True)


def lenet(learning_rate: float) -> Any:
    """LeNet-5 (LeCun et al. 1998) as the tutorials build it: ReLU, max pooling, ten probabilities."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((digits.SIDE, digits.SIDE, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(len(LABELS), activation="softmax"),
        ],
        name="lenet",
    )
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


def inputs(part: digits.Part) -> tuple[Any, Any]:
    """What the network eats: (n, 28, 28, 1) between 0 and 1, and the digits. model.json tells the scorer the same."""
    return part.images[..., np.newaxis].astype(np.float32) / 255, part.labels


def write_network(network: Any, folder: Path) -> None:
    """model.keras, and model.json: how a scoring server and a portal must prepare a picture for it."""
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / "model.keras")
    spec = {
        "format": "pixels/v1",
        "file": "model.keras",
        "width": digits.SIDE,
        "height": digits.SIDE,
        "channels": 1,
        "color": "grayscale",
        "scale": 1 / 255,
        "offset": 0.0,
        "inverted": True,
        "fit": "ink",
        "labels": LABELS,
    }
    (folder / "model.json").write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")


def write_samples(test: digits.Part, folder: Path) -> None:
    """The first held-back picture of each digit, in the order they come, whether or not the network gets it right."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for position in sorted(int(first) for first in np.unique(test.labels, return_index=True)[1]):
        label = str(test.labels[position])
        name = f"{len(listed)}-{label}.png"
        Image.fromarray(test.images[position]).save(folder / name)
        listed.append({"file": name, "label": label})
    (folder / "samples.json").write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")


def arguments(line: list[str] | None = None) -> argparse.Namespace:
    """The same names, limits and defaults as recipe.toml."""
    parser = argparse.ArgumentParser(description="Train LeNet on handwritten digits.")
    parser.add_argument("--data", type=Path, help="folder with MNIST's four idx files; without it: bundled digits")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--learning_rate", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train_limit", type=int, default=0, help="use only so many training pictures; 0: all")
    return parser.parse_args(line)


def train(options: argparse.Namespace, tracker: Tracker) -> None:
    """The whole run: data, training with a line an epoch, files, and one look at the held-back digits at the end."""
    keras.utils.set_random_seed(options.seed)
    data = digits.load(options.data, options.seed, options.train_limit)
    say(f"data: {data.name}: {len(data.train)} train, {len(data.validation)} validation, {len(data.test)} held back")
    chosen = {name: value for name, value in vars(options).items() if name != "data"}
    tracker.parameters(chosen | {"dataset": data.name, "train_images": len(data.train)})
    network = lenet(options.learning_rate)
    network.fit(
        *inputs(data.train),
        validation_data=inputs(data.validation),
        epochs=options.epochs,
        batch_size=options.batch_size,
        callbacks=[Progress(tracker, options.epochs)],
        verbose=0,
    )
    write_network(network, OUTPUTS / "model")
    write_samples(data.test, OUTPUTS / "samples")
    _, accuracy = network.evaluate(*inputs(data.test), batch_size=256, verbose=0)
    tracker.log({"test_accuracy": float(accuracy)}, options.epochs)
    say(f"held-back digits: accuracy {accuracy:.4f}; network and samples are in {OUTPUTS}/")


def main() -> None:
    try:
        options = arguments()
        with tracking() as tracker:
            train(options, tracker)
    except digits.DataMissing as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
