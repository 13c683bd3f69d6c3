"""Packages put above a given Python that will do but for them: MLflow 2, and what an image of Azure's own has besides.

Azure ML has no logged models, so `log_model` of MLflow 3 fails there; its images brought MLflow 2, with which scripts
that leave the version open log their models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amlocal.assets.curated import Extra
from amlocal.building import companions
from amlocal.building.conda_files import Wanted
from amlocal.building.context import Context
from amlocal.building.satisfaction import Answer
from amlocal.building.venvs import BuildFailed, Recipe

CAP = "<3"
# Its messages are made by protobuf, of which MLflow 2 takes no release that came after it.
MLFLOW_TRIAL = """
import mlflow.models, mlflow.pyfunc, mlflow.tracking
from mlflow.protos.service_pb2 import LogMetric
from mlflow.utils.proto_json_utils import message_to_json
message_to_json(LogMetric(key="a", timestamp=1))
"""


@dataclass(frozen=True)
class Site:
    """A given Python, what it has, and where it is told what is done; `pulse` may raise to give up."""

    given: Path
    answer: Answer
    log: Path
    pulse: Callable[[], None]


def is_mlflow_2_wanted(answer: Answer, wanted: Wanted | None) -> bool:
    """Whether this Python has MLflow 3 and the environment does not ask for it."""
    if not any(int(version.split(".")[0]) >= 3 for version in _mlflows(answer).values()):
        return False
    said = companions.read_mlflows((*wanted.requirements, *wanted.constraints)) if wanted else {}
    return all(companions.is_open(version) or version.endswith(CAP) for version in said.values())


def need_mlflow_2(context: Context, site: Site) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The folder to put before the Python's own packages, and a sentence when it could not be had. Raises BuildFailed
    by AMLOCAL_ENV=strict."""
    lines = tuple(f"{name}{CAP}" for name in sorted({"mlflow-skinny", *_mlflows(site.answer)}))
    has = ", ".join(f"{name} {version}" for name, version in _mlflows(site.answer).items())
    say(site.log, f"{site.given} has {has}; Azure ML's images have MLflow 2, which is put above it.")
    told = f"MLflow 2, which Azure ML's images have, could not be had: this is {has}, whose log_model fails there."
    return _need(context, site, lines, MLFLOW_TRIAL, told)


def need_extra(context: Context, site: Site, extra: Extra) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The same for what an image has besides; nothing where the Python has it. Raises BuildFailed by
    AMLOCAL_ENV=strict."""
    package = extra.package.partition("~")[0]
    if package in site.answer.versions:
        return (), ()
    followed = ".".join(site.answer.versions.get(extra.follows, "").split(".")[:2])
    line = extra.package.format(version=followed) if followed or not extra.follows else package
    say(site.log, f"{site.given} has no {package}, which Azure ML's image has: it is put above it.")
    told = f"{package}, which Azure ML's image has, could not be had for this Python."
    return _need(context, site, (line,), f"import {extra.module}", told)


def _need(
    context: Context, site: Site, lines: tuple[str, ...], trial: str, told: str
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    recipe = Recipe(site.given, site.answer.version, lines, is_strict=False, trial=trial)
    try:
        return context.builds.need(recipe, site.log, site.pulse).layers, ()
    except BuildFailed:
        if context.settings.environments == "strict":
            raise
        say(site.log, told)
        return (), (told,)


def _mlflows(answer: Answer) -> dict[str, str]:
    return {name: version for name, version in answer.versions.items() if name in companions.MLFLOWS}


def say(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(f"{text}\n")
