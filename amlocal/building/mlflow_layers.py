"""MLflow 2 above a given Python that has MLflow 3. Azure ML has no logged models, so `log_model` of MLflow 3 fails
there; its images brought MLflow 2, with which scripts that leave the version open log their models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amlocal.building import companions
from amlocal.building.conda_files import Wanted
from amlocal.building.context import Context
from amlocal.building.satisfaction import Answer
from amlocal.building.venvs import BuildFailed, Recipe

CAP = "<3"


def is_wanted(answer: Answer, wanted: Wanted | None) -> bool:
    """Whether this Python has MLflow 3 and the environment does not ask for it."""
    if not any(int(version.split(".")[0]) >= 3 for version in answer.mlflow.values()):
        return False
    said = companions.read_mlflows((*wanted.requirements, *wanted.constraints)) if wanted else {}
    return all(companions.is_open(version) or version.endswith(CAP) for version in said.values())


def need(
    context: Context, given: Path, answer: Answer, log: Path, pulse: Callable[[], None]
) -> tuple[Path | None, tuple[str, ...]]:
    """The folder to put before the Python's own packages, and sentences about what could not be had. Raises
    BuildFailed by AMLOCAL_ENV=strict."""
    lines = tuple(f"{name}{CAP}" for name in sorted({"mlflow-skinny", *answer.mlflow} & set(companions.MLFLOWS)))
    recipe = Recipe(given, answer.version, lines, is_strict=False, is_layer=True)
    has = ", ".join(f"{name} {version}" for name, version in answer.mlflow.items())
    say(log, f"{given} has {has}; Azure ML's images have MLflow 2, which is put above it.")
    try:
        return context.builds.need(recipe, log, pulse).layer, ()
    except BuildFailed:
        if context.settings.environments == "strict":
            raise
        told = f"MLflow 2, which Azure ML's images have, could not be had: this is {has}, whose log_model fails there."
        say(log, told)
        return None, (told,)


def say(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(f"{text}\n")
