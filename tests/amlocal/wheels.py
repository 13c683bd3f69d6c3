"""Tiny wheels in a folder, and conda files that install from there only: environments are built without a network."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make(folder: Path, version: str, tag: str = "py3-none-any", name: str = "tiny") -> None:
    """A package that knows its version."""
    folder.mkdir(exist_ok=True)
    facts = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{facts}/WHEEL", f"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{facts}/RECORD", f"{name}.py,,\n{facts}/METADATA,,\n{facts}/WHEEL,,\n{facts}/RECORD,,\n")


def conda_file(folder: Path, *requirements: str, conda: tuple[str, ...] = ()) -> str:
    """The path of a conda file with these pip requirements, to be had from `folder` alone."""
    pip = ["--no-index", f"--find-links {folder}", *requirements]
    lines = ["name: x", "dependencies:", *(f"  - {line}" for line in conda), "  - pip:", *(f"      - {x}" for x in pip)]
    path = folder.parent / "conda.yml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def make_mlflow(folder: Path, version: str) -> None:
    """A small MLflow that can be imported and knows its version, and no more."""
    folder.mkdir(exist_ok=True)
    facts = f"mlflow_skinny-{version}.dist-info"
    modules = {
        "__init__": f"__version__ = {version!r}\n",
        **dict.fromkeys(("models", "pyfunc", "tracking", "protos/__init__", "utils/__init__"), ""),
        "protos/service_pb2": "LogMetric = dict\n",
        "utils/proto_json_utils": "message_to_json = str\n",
    }
    with zipfile.ZipFile(folder / f"mlflow_skinny-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in modules.items():
            wheel.writestr(f"mlflow/{name}.py", text)
        wheel.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: mlflow-skinny\nVersion: {version}\n")
        wheel.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{facts}/RECORD", "".join(f"{name},,\n" for name in wheel.namelist()))
