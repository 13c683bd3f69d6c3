"""The environments that Azure Machine Learning brings itself and the Python packages they have: a declared table, after
Microsoft's public definitions (Azure/azureml-assets), and how an id, a name or an image leads into it. Making a real
one is in building/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "AzureML-"
# The versions that samples for these environments were written with: MLflow 3's log_model fails on Azure ML.
_MLFLOW = ("azureml-mlflow", "mlflow-skinny<3")
# NumPy 1, as there: NumPy 1 does not read what NumPy 2 pickled, and deployments often pin it.
_NUMBERS = ("numpy<2", "pandas<3", "scipy")
_SERVING = ("azureml-inference-server-http", "numpy", "joblib", "azure-storage-blob", "azure-identity")
_TOOLS = ("ipykernel", "psutil", "tqdm", "tensorboard")


@dataclass(frozen=True)
class Extra:
    """A package that the image has though its file does not always name it. A given Python that lacks it gets it only
    for code that has one of `words`. `variables` are those that the image sets because of it."""

    package: str
    module: str
    words: tuple[str, ...]
    # What its version follows; {version} in `package` is that of the given Python's.
    follows: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


# azureml-defaults brings azureml-dataset-runtime, and that pyarrow.
_ARROW = Extra("pyarrow", "pyarrow", ("pyarrow", "parquet", "feather", "mltable"))
_LEGACY_KERAS = Extra(
    "tf-keras~={version}.0",
    "tf_keras",
    ("tensorflow", "keras"),
    follows="tensorflow",
    # Azure/azureml-assets: the last line of the Dockerfiles of tensorflow-2.16-cuda11 and -cuda12.
    variables={"TF_USE_LEGACY_KERAS": "1"},
)


@dataclass(frozen=True)
class Family:
    """Environments whose names (in lower case, without `AzureML-`) begin with `pattern`.

    A Python that has all of `brings`, in whatever versions, will do for one of them. A new one gets these versions, and
    `also`. `{version}` is what the pattern found. `shown` are those that a workspace lists.
    """

    pattern: str
    brings: tuple[str, ...]
    also: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()
    # The image's ENV lines, without those that name its own folders.
    variables: Mapping[str, str] = field(default_factory=dict)


# Left out everywhere: azureml-core and what belongs to it (SDK v1), and what only machines with GPUs can install.
FAMILIES = (
    Family(
        r"sklearn-(?P<version>\d+\.\d+)",
        ("scikit-learn~={version}.0", *_NUMBERS, "joblib", "matplotlib", *_MLFLOW),
        _TOOLS,
        ("sklearn-1.0", "sklearn-1.1", "sklearn-1.5"),
        (_ARROW,),
    ),
    Family(
        r"lightgbm-\d",
        ("lightgbm", "xgboost", "scikit-learn", *_NUMBERS, "matplotlib", *_MLFLOW),
        ("distributed", "adlfs", *_TOOLS),
        ("lightgbm-3.3",),
        (_ARROW,),
    ),
    Family(
        r"tensorflow-(?P<version>2\.(?:1[6-9]|[2-9]\d))",
        ("tensorflow~={version}.0", *_NUMBERS, "matplotlib", *_MLFLOW),
        ("pillow", *_TOOLS),
        ("tensorflow-2.16-cuda12",),
        (_ARROW, _LEGACY_KERAS),
        {"NCCL_DEBUG": "INFO", "HOROVOD_GPU_ALLREDUCE": "NCCL", "WORKER_TIMEOUT": "300"},
    ),
    # These had Keras 2 itself.
    Family(
        r"tensorflow-(?P<version>\d+\.\d+)",
        ("tensorflow~={version}.0", *_NUMBERS, "matplotlib", *_MLFLOW),
        ("pillow", *_TOOLS),
        (),
        (_ARROW,),
    ),
    # Which PyTorch is what the user's pip gives: for CUDA, unless its settings say otherwise. A given one is not
    # built anew for want of torchvision.
    Family(
        r"(?:acpt-)?pytorch-\d",
        ("torch", "pandas<3", "matplotlib", *_MLFLOW),
        ("torchvision", "transformers", "pillow", *_TOOLS),
        ("acpt-pytorch-2.2-cuda12.1", "acpt-pytorch-2.8-cuda12.6"),
        (_ARROW,),
        {"PIP_PROGRESS_BAR": "off", "WORKER_TIMEOUT": "400"},
    ),
    Family(r"minimal-.*inference", _SERVING, (), ("minimal-py311-inference", "minimal-py312-cuda12.4-inference")),
    Family(
        r"mlflow-.*inference",
        (*_SERVING, "mlflow-skinny<3", "scikit-learn", "pandas<3", "cloudpickle", "psutil"),
        (),
        ("mlflow-py312-inference",),
    ),
    Family(r"python-sdk-v2$", ("azure-ai-ml", "azure-identity", "mltable", *_MLFLOW), ("pandas<3",)),
)

_REGISTRY = re.compile(r".*/registries/([^/]+)/environments/([^/]+)", re.IGNORECASE)
_SHORT = re.compile(r"(?:azureml:|.*/environments/)?(AzureML-[\w.\-]+)(?:[:@/].*)?$", re.IGNORECASE)
_IMAGE = re.compile(r"mcr\.microsoft\.com/azureml/(curated/)?([\w.\-]+)(?:[:@].*)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Contents:
    """`enough` are names of packages; `requirements` are lines for pip, those of the extras among them."""

    enough: tuple[str, ...]
    requirements: tuple[str, ...]
    extras: tuple[Extra, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def named_in(environment_id: str) -> str:
    """The name of the curated (or any registry's) environment that an id means: `azureml://registries/…`,
    `azureml:AzureML-…@latest`, or a workspace's own path to one. "" for all others."""
    found = _REGISTRY.match(environment_id)
    if found:
        is_ours = found[1].lower().startswith("azureml")
        return found[2] if is_ours else f"{found[1]}/{found[2]}"
    found = _SHORT.match(environment_id)
    return found[1] if found else ""


def named_by_image(image: str) -> str:
    """The same of an image. "" for Microsoft's base images, which bring no packages, and for strangers'."""
    found = _IMAGE.match(image)
    return found[2] if found and (found[1] or find(found[2])) else ""


def find(name: str) -> Contents | None:
    """What the environment of this name has, with or without `AzureML-`; None when it is not in the table."""
    plain = name.lower().removeprefix(PREFIX.lower())
    for family in FAMILIES:
        found = re.match(family.pattern, plain)
        if found:
            brings = tuple(line.format(**found.groupdict()) for line in family.brings)
            enough = tuple(re.split(r"[<>=~!]", line)[0] for line in brings)
            extras = tuple(extra.package.format(**found.groupdict()) for extra in family.extras)
            return Contents(enough, (*brings, *family.also, *extras), family.extras, family.variables)
    return None


def shown() -> list[str]:
    """The names that a workspace lists."""
    return sorted(PREFIX + name for family in FAMILIES for name in family.shown)
