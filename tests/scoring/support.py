"""Specs, places and processes that the scoring tests share."""

import contextlib
import os
import struct
import subprocess
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.specs import ImageSpec, from_document
from tests.amlocal_server import free_port

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PORTAL_TEST_DATA", ROOT.parent / "shared" / "data"))
SCORING_PYTHON = ROOT / ".venv-scoring" / "bin" / "python"

needs_scoring_environment = pytest.mark.skipif(
    not SCORING_PYTHON.exists(), reason="no .venv-scoring; `script/setup` makes it"
)


def needs_data(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (DATA / folder).is_dir(), reason=f"no {folder}/ in the test data; PORTAL_TEST_DATA=FOLDER names it"
    )


def digit_spec(**changes: Any) -> ImageSpec:
    """A spec as recipes/mnist-keras writes it."""
    document = {
        "format": "pixels/v1",
        "file": "model.keras",
        "width": 28,
        "height": 28,
        "channels": 1,
        "color": "grayscale",
        "scale": 1 / 255,
        "offset": 0.0,
        "inverted": True,
        "fit": "ink",
        "labels": [str(digit) for digit in range(10)],
    }
    return from_document(document | changes)


def color_spec(**changes: Any) -> ImageSpec:
    """A spec of a network for photographs."""
    document = {
        "format": "pixels/v1",
        "file": "model.h5",
        "width": 224,
        "height": 224,
        "color": "rgb",
        "scale": 1 / 127.5,
        "offset": -1.0,
        "labels": ["cat", "dog"],
    }
    return from_document(document | changes)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_zeros(width: int, height: int, color_type: int = 0, depth: int = 8, extra: bytes = b"") -> bytes:
    """A PNG whose bytes are all 0: far smaller than what it unpacks to. `extra` are chunks before the pixels."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    row, packer = bytes(1 + (width * samples * depth + 7) // 8), zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


@contextlib.contextmanager
def inference_server(model_folder: Path, log: Path) -> Iterator[str]:
    """The real azureml-inference-server-http with scoring/entry/score.py; gives its scoring URL once it answers."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(log.parent),
        "AML_APP_ROOT": str(ROOT / "scoring" / "entry"),
        "AZUREML_ENTRY_SCRIPT": "score.py",
        "AZUREML_MODEL_DIR": str(model_folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [str(SCORING_PYTHON.with_name("gunicorn")), "-b", f"127.0.0.1:{port}", "-w", "1", "--no-control-socket"]
    command.append("azureml_inference_server_http.server.entry:app")
    with (
        log.open("wb") as written,
        subprocess.Popen(command, env=environment, cwd=log.parent, stdout=written, stderr=written) as process,
    ):
        try:
            wait_until_healthy(process, f"http://127.0.0.1:{port}/", log)
            yield f"http://127.0.0.1:{port}/score"
        finally:
            process.terminate()


def wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(url, timeout=60):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())
