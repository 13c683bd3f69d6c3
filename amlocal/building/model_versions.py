"""Whether a Python has the releases that an MLflow model was made with, as its MLmodel tells them."""

from __future__ import annotations

import re
from pathlib import Path

from amlocal.assets import flavors
from amlocal.building import satisfaction

# By flavour: the field with the release, and the package.
FIELDS = {
    "sklearn": ("sklearn_version", "scikit-learn"),
    "xgboost": ("xgb_version", "xgboost"),
    "lightgbm": ("lgb_version", "lightgbm"),
    "catboost": ("catboost_version", "catboost"),
    "pytorch": ("pytorch_version", "torch"),
    "keras": ("keras_version", "keras"),
    "onnx": ("onnx_version", "onnx"),
    "statsmodels": ("statsmodels_version", "statsmodels"),
}


def find_differences(folder: Path, python: Path) -> tuple[str, ...]:
    """A sentence for each package whose minor release is another than that of the model, which may fail to load or
    answer otherwise. None for a folder that is no MLflow model."""
    file = folder / "MLmodel"
    if not file.is_file():
        return ()
    told = flavors.read(file.read_text(errors="replace"))
    made = {FIELDS[flavor][1]: data.get(FIELDS[flavor][0], "") for flavor, data in told.items() if flavor in FIELDS}
    asked = {name: found[0] for name, version in made.items() if (found := re.match(r"\d+\.\d+", version))}
    lacking = satisfaction.ask(python, [f"{name}=={minor}.*" for name, minor in asked.items()]).lacking
    return tuple(
        f"The model was made with {name} {version}, and {phrase.split(', not ')[0]} here: it may not load, or fail"
        " when it is asked."
        for name, version in made.items()
        for phrase in lacking
        if phrase.startswith(f"{name} is ")
    )
