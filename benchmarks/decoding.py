"""What it costs to decode an upload in a child process instead of the web process, and to start a child. Linux only."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks import figures
from scoring import images
from scoring.decoder_pool import DecoderPool
from scoring.specs import ImageSpec
from tests.scoring.support import color_spec, digit_spec

REPEATS, STARTS, WARM_UP = 100, 10, 5


def run() -> None:
    pool = DecoderPool(1)
    try:
        for name, data, spec, repeats in _uploads():
            _compare(pool, name, data, spec, repeats)
        starts = []
        for _ in range(STARTS):
            pool.close()
            starts.append(_milliseconds(lambda: pool.prepare(data, spec))[0])
        figures.row("decoding: the start of a child, and its first picture", starts, "ms", 0)
    finally:
        pool.close()


def _compare(pool: DecoderPool, name: str, data: bytes, spec: ImageSpec, repeats: int) -> None:
    """By turns here and there. What is lost is processor time: on a busy machine a clock shows who else was running."""
    pool.prepare(data, spec)
    clock = Path(f"/proc/{pool._idle[-1]._process.pid}/schedstat")
    here, there, lost = [], [], []
    for number in range(repeats + WARM_UP):
        own, own_cost = _milliseconds(lambda: images.prepare(data, spec))
        before = _child_milliseconds(clock)
        child, parent_cost = _milliseconds(lambda: pool.prepare(data, spec))
        if number >= WARM_UP:
            here.append(own)
            there.append(child)
            lost.append(parent_cost + _child_milliseconds(clock) - before - own_cost)
    figures.row(f"decoding: {name}, in the web process", here, "ms", 2)
    figures.row(f"decoding: {name}, in a child", there, "ms", 2)
    figures.row(f"decoding: {name}, processor time lost by it", lost, "ms", 2)


def _child_milliseconds(clock: Path) -> float:
    """The processor time a process has had, from Linux's schedstat."""
    return int(clock.read_text().split()[0]) / 1e6


def _uploads() -> list[tuple[str, bytes, ImageSpec, int]]:
    """A sample, a screenshot and two photos: noise stands for what a camera sees."""
    sample = Image.linear_gradient("L").resize((28, 28))
    uploads: list[tuple[str, Image.Image, str, ImageSpec, int]] = [
        ("28 × 28 PNG", sample, "PNG", digit_spec(), REPEATS),
        ("0.5-megapixel PNG", _photo(800, 600), "PNG", color_spec(), REPEATS // 2),
        ("1-megapixel JPEG", _photo(1200, 900), "JPEG", color_spec(), REPEATS),
        ("12-megapixel JPEG", _photo(4032, 3024), "JPEG", color_spec(), REPEATS // 2),
    ]
    made = [(name, _written(picture, kind), spec, repeats) for name, picture, kind, spec, repeats in uploads]
    return [(f"{name}, {len(data) / 1000:,.0f} kB", data, spec, repeats) for name, data, spec, repeats in made]


def _photo(width: int, height: int) -> Image.Image:
    coarse = Image.frombytes("RGB", (40, 30), os.urandom(3600)).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(coarse, Image.effect_noise((width, height), 40).convert("RGB"), 0.15)


def _written(picture: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def _milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """How long it takes, and how much processor time this process spends on it."""
    began, spent = time.perf_counter(), time.process_time()
    call()
    return (time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000
