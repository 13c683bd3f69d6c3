"""What old releases of packages need beside them and do not say themselves: declared tables. Who uses them is in
venvs.py."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

ANY: tuple[int, ...] = (1_000_000,)
NEVER: tuple[int, ...] = (1_000_001,)
# The first release of each that works with NumPy 2; most older ones break at import, as they were compiled for NumPy 1.
NUMPY_2_SINCE = {
    "bottleneck": (1, 4),
    "catboost": (1, 2, 8),
    "fastparquet": (2024, 5),
    "gensim": (4, 3, 3),
    "h5py": (3, 11),
    "hdbscan": (0, 8, 37),
    "imbalanced-learn": (0, 12, 3),
    "lightgbm": (4, 4),
    "matplotlib": (3, 8, 4),
    "mlflow-skinny": (2, 14),
    "netcdf4": (1, 7),
    "numba": (0, 60),
    "numexpr": (2, 10),
    "onnx": (1, 16, 2),
    "onnxruntime": (1, 19),
    "opencv-python": (4, 10, 0, 84),
    "opencv-python-headless": (4, 10, 0, 84),
    "pandas": (2, 2, 2),
    "prophet": (1, 1, 6),
    "pyarrow": (16,),
    "pywavelets": (1, 6),
    "scikit-image": (0, 23, 1),
    "scikit-learn": (1, 4, 2),
    "scikit-learn-intelex": (2024, 5),
    "scipy": (1, 13),
    "shap": (0, 46),
    "spacy": (3, 8),
    "statsmodels": (0, 14, 2),
    "tables": (3, 9, 3),
    "tensorflow": (2, 18),
    "tensorflow-cpu": (2, 18),
    "torch": (2, 3),
    "xgboost": (2, 1),
}
# The first release of each that does without pkg_resources, which newer setuptools no longer have.
PLAIN_SINCE = {
    "azureml-core": NEVER,
    "mlflow": (2, 16),
    "mlflow-skinny": (2, 16),
    "pytorch-lightning": (2,),
    "tensorboard": (2, 20),
    "tensorflow": (2, 20),
    "tensorflow-cpu": (2, 20),
}
# What `import mlflow.sklearn` needs, and the small MLflow does not bring.
FLAVOURED_SINCE = {"azureml-mlflow": NEVER, "mlflow-skinny": NEVER}
# Left open, they become MLflow 3, whose log_model fails on Azure ML, and which lacks what older scripts import.
MLFLOWS = ("mlflow", "mlflow-skinny")
# What a package that is left open must stay below, beside releases of another that are older than these.
CAPS = {"scikit-learn-intelex": ("<2024", {"scikit-learn": (1, 2)})}
# NumPy 1 has no wheels from this Python on.
NUMPY_1_ENDS = (3, 13)

_REQUIREMENT = re.compile(r"^(?P<name>[\w.\-]+)\s*(?:\[[^\]]*\])?\s*(?P<version>[^;]*)")
_UPPER = re.compile(r"(==|~=|<=|<)\s*(\d+(?:\.\d+)*)")


def find(requirements: Sequence[str], python: str, constraints: Sequence[str] = ()) -> list[tuple[str, str]]:
    """What to ask for besides, each with the requirement that it is for. `python` is a version such as 3.11.4."""
    bound = dict(_read(line) for line in constraints)
    named = [(line, *_read(line)) for line in requirements]
    read = [(line, name, _both(version, bound.get(name, ""))) for line, name, version in named]
    said = {name: version for _, name, version in read}
    found = []
    if "setuptools" not in said:
        found.append(("setuptools<81", _oldest(read, PLAIN_SINCE)))
    if not said.keys() & {"pandas", "mlflow"}:
        found.append(("pandas<3", _oldest(read, FLAVOURED_SINCE)))
    for line, name, version in read:
        if name in MLFLOWS and is_open(version):
            found.append((f"{name}<3", line))
        if name == "azureml-mlflow" and not said.keys() & set(MLFLOWS):
            found.append(("mlflow-skinny<3", line))
    for name, (cap, since) in CAPS.items():
        if name in said and _newest(said[name]) == ANY:
            found.append((f"{name}{cap}", _oldest(read, since)))
    has_numpy_1 = tuple(int(part) for part in python.split(".")[:2]) < NUMPY_1_ENDS
    numpy = said.get("numpy", "")
    if has_numpy_1 and _newest(numpy) == ANY and not re.search(r">=?\s*2", numpy):
        found.append(("numpy<2", _oldest(read, NUMPY_2_SINCE)))
    return [(line, reason) for line, reason in found if reason]


def is_open(version: str) -> bool:
    """Whether a requirement of MLflow allows 3 and does not ask for it."""
    lower = re.findall(r">=?\s*(\d+)", version)
    return _newest(version) == ANY and not any(int(major) >= 3 for major in lower)


def read_mlflows(requirements: Sequence[str]) -> dict[str, str]:
    """What is said of the versions of MLflow's packages, by their names; those that are not named are not in it."""
    return {name: version for name, version in map(_read, requirements) if name in MLFLOWS}


def _both(version: str, other: str) -> str:
    return ",".join(part for part in (version, other) if part)


def _oldest(read: Sequence[tuple[str, str, str]], since: Mapping[str, tuple[int, ...]]) -> str:
    """The first requirement that allows only releases before those of the table; "" when there is none."""
    for line, name, version in read:
        if name in since and _newest(version) < since[name]:
            return line
    return ""


def _read(line: str) -> tuple[str, str]:
    """A normal name and what is said of its version; ("", "") for options."""
    found = None if line.startswith("-") else _REQUIREMENT.match(line)
    return (re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"].strip()) if found else ("", "")


def _newest(version: str) -> tuple[int, ...]:
    """The newest release that a requirement allows, or the one right behind it; ANY where nothing bounds it."""
    bounds = [ANY]
    for operator, text in _UPPER.findall(version):
        parts = tuple(int(part) for part in text.split("."))
        # ~=1.2.3 is all of 1.2.
        bounds.append((*parts[:-1], 9999) if operator == "~=" else parts)
    return min(bounds)
