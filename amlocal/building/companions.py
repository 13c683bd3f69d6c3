"""What old releases of packages need beside them and do not say themselves: declared tables. Who uses them is in
venvs.py."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
NUMPY = "numpy<2"
# NumPy 1 has no wheels from this Python on.
NUMPY_1_ENDS = (3, 13)

_REQUIREMENT = re.compile(r"^(?P<name>[\w.\-]+)\s*(?:\[[^\]]*\])?\s*(?P<version>[^;]*)")
_UPPER = re.compile(r"(==|~=|<=|<)\s*(\d+(?:\.\d+)*)")


def find(requirements: Sequence[str], python: str) -> list[tuple[str, str]]:
    """What to ask for besides, each with the requirement that it is for. `python` is a version such as 3.11.4."""
    if tuple(int(part) for part in python.split(".")[:2]) >= NUMPY_1_ENDS:
        return []
    read = [(line, *_read(line)) for line in requirements]
    if any(name == "numpy" and (_newest(version) or re.search(r">=?\s*2", version)) for _, name, version in read):
        return []
    for line, name, version in read:
        newest = _newest(version)
        if newest and name in NUMPY_2_SINCE and newest < NUMPY_2_SINCE[name]:
            return [(NUMPY, line)]
    return []


def _read(line: str) -> tuple[str, str]:
    """A normal name and what is said of its version; ("", "") for options."""
    found = None if line.startswith("-") else _REQUIREMENT.match(line)
    return (re.sub(r"[-_.]+", "-", found["name"]).lower(), found["version"].strip()) if found else ("", "")


def _newest(version: str) -> tuple[int, ...]:
    """The newest release that a requirement allows, or the one right behind it; () when all newer ones are."""
    bounds = []
    for operator, text in _UPPER.findall(version):
        parts = tuple(int(part) for part in text.split("."))
        # ~=1.2.3 is all of 1.2.
        bounds.append((*parts[:-1], 9999) if operator == "~=" else parts)
    return min(bounds, default=())
