"""Which Python a job or a scoring server runs with: the given one where that has what the environment asks for (or
nothing more is known of it than an image), else one that is built. What it asks for is in demands.py, building in
builds.py."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from amlocal.building import conda_files, demands, satisfaction
from amlocal.building.builds import Built
from amlocal.building.context import Context
from amlocal.building.venvs import BuildFailed, Recipe
from amlocal.storage import materials
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError

BUILD_LOG = "20_image_build_log.txt"
# Azure's images for deployments bring the server themselves; a file may name it, alone or in azureml-defaults.
SCORING_NEEDS = ("azureml-inference-server-http",)
_SERVERS = re.compile(r"^(azureml-inference-server-http|azureml-defaults)\b", re.IGNORECASE)

_MLFLOW = re.compile(r"^mlflow(?![\w.-])", re.IGNORECASE)


class NotBuilt(materials.Missing):
    """An environment could not be had; the log says why."""


def for_job(context: Context, scope: Scope, environment_id: str, log: Path, pulse: Callable[[], None]) -> Built:
    """What is done goes to the end of `log`, with a call of `pulse` now and then; nothing is written where there is
    nothing to do. Raises NotBuilt."""
    return _choose(context, scope, environment_id, Path(context.settings.job_python), (), log, pulse)


def for_scoring(context: Context, scope: Scope, environment_id: str, log: Path) -> Built:
    """Raises NotBuilt."""
    given = Path(context.settings.scoring_python)
    return _choose(context, scope, environment_id, given, SCORING_NEEDS, log, lambda: None)


def for_model(context: Context, folder: Path, log: Path) -> Built:
    """For an MLflow model served by itself: what its own conda.yaml asks for. Where that cannot be had, the given
    Python is tried, but not by AMLOCAL_ENV=strict. Raises NotBuilt."""
    given = Path(context.settings.scoring_python)
    file = folder / "conda.yaml"
    if context.settings.environments == "given" or not file.is_file():
        return Built(given, ())
    try:
        wanted = conda_files.read(file.read_text())
        # The small MLflow is enough to load a model; it brings no pandas.
        lines = tuple(_MLFLOW.sub("mlflow-skinny", line) for line in wanted.requirements)
        lines += tuple(need for need in ("mlflow-skinny", "pandas") if not any(line.startswith(need) for line in lines))
        if _is_of_mlflow_3(folder):
            lines = tuple("mlflow-skinny>=3" if line == "mlflow-skinny" else line for line in lines)
        return _fit(context, replace(wanted, requirements=lines), given, SCORING_NEEDS, log, lambda: None)
    except (BuildFailed, conda_files.BrokenFile, OSError) as exc:
        _say(log, str(exc))
        if context.settings.environments == "strict":
            raise NotBuilt("Image build failed for the conda.yaml of the MLflow model.") from exc
    _say(log, f"{given} is tried instead.")
    return Built(given, ())


def _is_of_mlflow_3(folder: Path) -> bool:
    file = folder / "MLmodel"
    found = re.search(r"^mlflow_version:\s*['\"]?(\d+)", file.read_text(), re.MULTILINE) if file.is_file() else None
    return found is not None and int(found[1]) >= 3


def _choose(
    context: Context,
    scope: Scope,
    environment_id: str,
    given: Path,
    needs: tuple[str, ...],
    log: Path,
    pulse: Callable[[], None],
) -> Built:
    if context.settings.environments == "given":
        return Built(given, ())
    try:
        wanted = demands.read(context, scope, environment_id)
        if wanted is None:
            return Built(given, ())
        return _fit(context, wanted, given, needs, log, pulse)
    except (BuildFailed, conda_files.BrokenFile, ArmError, OSError) as exc:
        if str(exc):
            _say(log, str(exc))
        raise NotBuilt(
            f"Image build failed for environment {demands.title(environment_id)}."
            f" For more details, check the log file azureml-logs/{BUILD_LOG}."
        ) from exc


def _fit(
    context: Context,
    wanted: conda_files.Wanted,
    given: Path,
    needs: tuple[str, ...],
    log: Path,
    pulse: Callable[[], None],
) -> Built:
    """The given Python when it has everything, else a built one. Raises BuildFailed, BrokenFile and OSError."""
    is_strict = context.settings.environments == "strict"
    notes = wanted.skipped
    for note in notes:
        _say(log, note)
    if is_strict and notes:
        raise conda_files.BrokenFile("AMLOCAL_ENV=strict allows nothing to be left out.")
    needs = () if any(_SERVERS.match(line) for line in wanted.requirements) else needs
    answer = satisfaction.ask(given, (wanted.requirements if wanted.enough is None else wanted.enough) + needs)
    base, version = given, answer.version
    is_other = wanted.python not in ("", answer.minor)
    if is_other and is_strict:
        base, version = _find_python(wanted.python)
    elif is_other:
        notes += (f"Python {wanted.python} was asked for; this is Python {answer.version}.",)
        _say(log, notes[-1])
    if base == given and not answer.lacking:
        # Azure has curated ones ready: it shows no log of them.
        if wanted.enough is None:
            _say(log, f"{given} has everything that is asked for: nothing is built.")
        return Built(given, notes)
    _say(log, f"{given} does not do: {'; '.join(answer.lacking) or f'it is Python {answer.version}'}.")
    built = context.builds.need(Recipe(base, version, wanted.requirements + needs, is_strict), log, pulse)
    return Built(built.python, notes + built.warnings)


def _find_python(minor: str) -> tuple[Path, str]:
    """Another Python on PATH. Raises OSError."""
    path = shutil.which(f"python{minor}")
    if path is None:
        raise OSError(f"Python {minor} is asked for, and AMLOCAL_ENV=strict takes no other; it is not on PATH.")
    return Path(path), satisfaction.ask(Path(path), ()).version


def _say(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(f"{text}\n")
