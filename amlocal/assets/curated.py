"""The environments that Azure Machine Learning brings itself and the Python packages they have: a declared table, after
Microsoft's public definitions (Azure/azureml-assets), and how an id, a name or an image leads into it. Making a real
one is in building/."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "AzureML-"
# The versions that samples for these environments were written with: MLflow 3's log_model fails on Azure ML.
_MLFLOW = ("azureml-mlflow", "mlflow-skinny<3")
# NumPy 1, as there: NumPy 1 does not read what NumPy 2 pickled, and deployments often pin it.
_NUMBERS = ("numpy<2", "pandas<3", "scipy")
_SERVING = ("azureml-inference-server-http", "numpy", "joblib", "azure-storage-blob", "azure-identity")
_TOOLS = ("ipykernel", "psutil", "tqdm", "tensorboard")


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


# Left out everywhere: azureml-core and what belongs to it (SDK v1), and what only machines with GPUs can install.
FAMILIES = (
    Family(
        r"sklearn-(?P<version>\d+\.\d+)",
        ("scikit-learn~={version}.0", *_NUMBERS, "joblib", "matplotlib", *_MLFLOW),
        _TOOLS,
        ("sklearn-1.0", "sklearn-1.1", "sklearn-1.5"),
    ),
    Family(
        r"lightgbm-\d",
        ("lightgbm", "xgboost", "scikit-learn", *_NUMBERS, "matplotlib", *_MLFLOW),
        ("distributed", "adlfs", *_TOOLS),
        ("lightgbm-3.3",),
    ),
    Family(
        r"tensorflow-(?P<version>\d+\.\d+)",
        ("tensorflow~={version}.0", *_NUMBERS, "matplotlib", *_MLFLOW),
        ("tf-keras", "pillow", *_TOOLS),
        ("tensorflow-2.16-cuda12",),
    ),
    # Which PyTorch is what the user's pip gives: for CUDA, unless its settings say otherwise. A given one is not
    # built anew for want of torchvision.
    Family(
        r"(?:acpt-)?pytorch-\d",
        ("torch", "pandas<3", "matplotlib", *_MLFLOW),
        ("torchvision", "transformers", "pillow", *_TOOLS),
        ("acpt-pytorch-2.2-cuda12.1", "acpt-pytorch-2.8-cuda12.6"),
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
    """`enough` are names of packages; `requirements` are lines for pip."""

    enough: tuple[str, ...]
    requirements: tuple[str, ...]


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
            return Contents(enough, (*brings, *family.also))
    return None


def shown() -> list[str]:
    """The names that a workspace lists."""
    return sorted(PREFIX + name for family in FAMILIES for name in family.shown)
