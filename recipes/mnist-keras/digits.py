"""Labelled pictures of handwritten digits, as training, validation and held-back test parts.

Reads MNIST's four idx files from a folder, or enlarges the scans that come with scikit-learn. Downloads nothing.
"""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 28
"""Width and height of every picture, in pixels."""

INNER = 20
"""MNIST draws a digit into the inner 20x20 pixels and leaves a black frame; enlarged scans do the same."""

COPIES = 16
"""Turned, shifted and resized copies made of each bundled training scan: there are only about 1,250 of them."""

IMAGE_MAGIC, LABEL_MAGIC = 0x0803, 0x0801
"""First four bytes of an idx file: unsigned bytes in three dimensions, or in one (see the MNIST page's file format)."""

Bytes = NDArray[np.uint8]


class DataMissing(Exception):
    """The folder does not hold what it should; the message is a sentence for the run's log."""


@dataclass(frozen=True)
class Part:
    """Pictures (n, 28, 28) and their digits (n,), both unsigned bytes; white ink on black."""

    images: Bytes
    labels: Bytes

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Digits:
    """The three parts. `test` is held back: no training step and no choice ever looks at it."""

    name: str
    train: Part
    validation: Part
    test: Part


def load(folder: Path | None, seed: int, train_limit: int = 0) -> Digits:
    """MNIST from `folder`, else the bundled scans. `train_limit` keeps only so many training pictures (0: all).

    Raises DataMissing when the folder lacks one of the four files or one cannot be read.
    """
    return _mnist(folder, seed, train_limit) if folder else _bundled(seed, train_limit)


def _mnist(folder: Path, seed: int, train_limit: int) -> Digits:
    train, test = _idx_pair(folder, "train"), _idx_pair(folder, "t10k")
    order = np.random.default_rng(seed).permutation(len(train))
    kept = len(train) - len(train) // 10
    return Digits("mnist", _pick(train, order[:kept], train_limit), _pick(train, order[kept:]), test)


def _bundled(seed: int, train_limit: int) -> Digits:
    from sklearn.datasets import load_digits

    scans = load_digits()
    everything = Part(np.stack([_enlarge(scan) for scan in scans.images]), scans.target.astype(np.uint8))
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(everything))
    first, second = round(len(order) * 0.70), round(len(order) * 0.85)
    train = _pick(everything, order[:first], train_limit)
    return Digits(
        "scikit-learn digits",
        _with_copies(train, generator),
        _pick(everything, order[first:second]),
        _pick(everything, order[second:]),
    )


def _pick(part: Part, order: NDArray[np.int64], limit: int = 0) -> Part:
    chosen = order[:limit] if limit else order
    return Part(part.images[chosen], part.labels[chosen])


def _enlarge(scan: NDArray[np.float64]) -> Bytes:
    """An 8x8 scan with values 0 to 16 becomes a 20x20 digit inside a black 28x28 frame."""
    small = Image.fromarray(np.clip(scan * (255 / 16), 0, 255).astype(np.uint8))
    picture = np.zeros((SIDE, SIDE), np.uint8)
    edge = (SIDE - INNER) // 2
    picture[edge : edge + INNER, edge : edge + INNER] = np.asarray(
        small.resize((INNER, INNER), Image.Resampling.BICUBIC)
    )
    return picture


def _with_copies(part: Part, generator: np.random.Generator) -> Part:
    copies = [_disturb(picture, generator) for picture in part.images for _ in range(COPIES - 1)]
    images = np.concatenate([part.images, np.stack(copies)])
    return Part(images, np.concatenate([part.labels, np.repeat(part.labels, COPIES - 1)]))


def _disturb(picture: Bytes, generator: np.random.Generator) -> Bytes:
    """Turn by up to 12 degrees, resize by up to 15 %, shift by up to 2 pixels, all around the centre."""
    angle, size = math.radians(generator.uniform(-12, 12)), generator.uniform(0.85, 1.15)
    shift_x, shift_y = generator.uniform(-2, 2, 2)
    cosine, sine, centre = math.cos(angle) / size, math.sin(angle) / size, (SIDE - 1) / 2
    from_x, from_y = centre + shift_x, centre + shift_y
    inverse = (
        cosine,
        sine,
        centre - cosine * from_x - sine * from_y,
        -sine,
        cosine,
        centre + sine * from_x - cosine * from_y,
    )
    moved = Image.fromarray(picture).transform((SIDE, SIDE), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR)
    return np.asarray(moved)


def _idx_pair(folder: Path, prefix: str) -> Part:
    images = _idx(_find(folder, f"{prefix}-images"), IMAGE_MAGIC)
    labels = _idx(_find(folder, f"{prefix}-labels"), LABEL_MAGIC)
    if len(images) != len(labels) or images.shape[1:] != (SIDE, SIDE):
        raise DataMissing(f"The {prefix} files in {folder} do not belong together: {images.shape} and {labels.shape}.")
    return Part(images, labels)


def _find(folder: Path, stem: str) -> Path:
    """`stem-idx3-ubyte` or `stem.idx1-ubyte`, packed with gzip or not, in the folder or below it."""
    found = sorted(folder.rglob(f"{stem}?idx?-ubyte*"))
    if not found:
        raise DataMissing(f"No {stem}-idx file in {folder}. MNIST is four files: train and t10k, images and labels.")
    return found[0]


def _idx(path: Path, magic: int) -> Bytes:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if int.from_bytes(raw[:4], "big") != magic:
            raise DataMissing(f"{path.name} does not start like an idx file of this kind.")
        dimensions = magic & 0xFF
        shape = np.frombuffer(raw, ">u4", dimensions, offset=4)
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(int(size) for size in shape))
    except (OSError, EOFError, ValueError) as error:
        raise DataMissing(f"{path.name} cannot be read as an idx file: {error}") from error
