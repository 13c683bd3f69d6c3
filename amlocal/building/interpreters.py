"""Which Python a job or a scoring server runs with: the given one where that has what the environment asks for (or
nothing more is known of it than an image), else one that is built. What it asks for is in demands.py, building in
builds.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from amlocal.building import code_folders, conda_files, demands, layers, pythons, satisfaction
from amlocal.building.builds import Built
from amlocal.building.context import Context
from amlocal.building.layers import say
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


@dataclass(frozen=True)
class Asker:
    """Who wants a Python: its code's folder, the given Python it would have, what it needs besides, and where it is
    told what is done. `pulse` is called now and then, and may raise to give up."""

    code: Path
    given: Path
    log: Path
    needs: tuple[str, ...] = ()
    command: str = ""
    pulse: Callable[[], None] = lambda: None

    def speaks_of(self, *words: str) -> bool:
        return code_folders.speaks_of(self.code, self.command, words)


def for_job(
    context: Context, scope: Scope, environment_id: str, code: Path, command: str, log: Path, pulse: Callable[[], None]
) -> Built:
    """What is done goes to the end of `log`, with a call of `pulse` now and then; nothing is written where there is
    nothing to do. Raises NotBuilt."""
    asker = Asker(code, Path(context.settings.job_python), log, command=command, pulse=pulse)
    return _choose(context, scope, environment_id, asker)


def for_scoring(context: Context, scope: Scope, environment_id: str, code: Path, log: Path) -> Built:
    """Raises NotBuilt."""
    return _choose(
        context, scope, environment_id, Asker(code, Path(context.settings.scoring_python), log, SCORING_NEEDS)
    )


def for_model(context: Context, folder: Path, log: Path) -> Built:
    """For an MLflow model served by itself: what its own conda.yaml asks for. Where that cannot be had, the given
    Python is tried, but not by AMLOCAL_ENV=strict. Raises NotBuilt."""
    given = Path(context.settings.scoring_python)
    file = folder / "conda.yaml"
    if context.settings.environments == "given" or not file.is_file():
        return Built(given, ())
    try:
        wanted = conda_files.read(file.read_text(), code_folders.of_model(folder))
        # The small MLflow is enough to load a model; it brings no pandas.
        lines = tuple(_MLFLOW.sub("mlflow-skinny", line) for line in wanted.requirements)
        lines += tuple(need for need in ("mlflow-skinny", "pandas") if not any(line.startswith(need) for line in lines))
        if _is_of_mlflow_3(folder):
            lines = tuple("mlflow-skinny>=3" if line == "mlflow-skinny" else line for line in lines)
        return _fit(context, replace(wanted, requirements=lines), Asker(folder, given, log, SCORING_NEEDS))
    except (BuildFailed, conda_files.BrokenFile, OSError) as exc:
        say(log, str(exc))
        if context.settings.environments == "strict":
            raise NotBuilt(f"Image build failed for the conda.yaml of the MLflow model. {exc}".strip()) from exc
    say(log, f"{given} is tried instead.")
    return Built(given, ("What the model's conda.yaml asks for could not be had; the given Python is tried instead.",))


def _is_of_mlflow_3(folder: Path) -> bool:
    file = folder / "MLmodel"
    found = re.search(r"^mlflow_version:\s*['\"]?(\d+)", file.read_text(), re.MULTILINE) if file.is_file() else None
    return found is not None and int(found[1]) >= 3


def _choose(context: Context, scope: Scope, environment_id: str, asker: Asker) -> Built:
    if context.settings.environments == "given":
        return Built(asker.given, ())
    try:
        wanted = demands.read(context, scope, environment_id, code_folders.beside(asker.code))
        if wanted is not None:
            return _fit(context, wanted, asker)
        if asker.needs or not asker.speaks_of("mlflow"):
            return Built(asker.given, ())
        return _with_layers(context, None, asker, satisfaction.ask(asker.given, ()), ())
    except (BuildFailed, conda_files.BrokenFile, ArmError, OSError) as exc:
        told = str(exc)
        if told:
            say(asker.log, told)
        reason = f" {told}" if isinstance(exc, conda_files.BrokenFile) else ""
        raise NotBuilt(
            f"Image build failed for environment {demands.title(environment_id)}.{reason}"
            f" For more details, check the log file azureml-logs/{BUILD_LOG}."
        ) from exc


def _fit(context: Context, wanted: conda_files.Wanted, asker: Asker) -> Built:
    """The given Python when it has everything, else a built one. Raises BuildFailed, BrokenFile and OSError."""
    notes = wanted.skipped
    for note in notes:
        say(asker.log, note)
    if context.settings.environments == "strict" and notes:
        raise conda_files.BrokenFile(f"AMLOCAL_ENV=strict allows nothing to be left out: {' '.join(notes)}")
    needs = () if any(_SERVERS.match(line) for line in wanted.requirements) else asker.needs
    enough = wanted.requirements if wanted.enough is None else wanted.enough
    answer = satisfaction.ask(asker.given, enough + needs, wanted.constraints)
    asked = wanted.python if wanted.enough is None or answer.lacking else ""
    other = _find_other(context, asked, answer, asker)
    if asked not in ("", answer.minor) and other is None and wanted.enough is None:
        notes += (f"Python {asked} was asked for; this is Python {answer.version}.",)
        say(asker.log, notes[-1])
    if other is None and not answer.lacking:
        # Azure has curated ones ready: it shows no log of them.
        if wanted.enough is None:
            what = "what is left of it" if wanted.skipped else "everything that is asked for"
            say(asker.log, f"{asker.given} has {what}: nothing is built.")
        return _with_layers(context, wanted, asker, answer, notes)
    say(asker.log, f"{asker.given} does not do: {'; '.join(answer.lacking) or f'it is Python {answer.version}'}.")
    return _build(context, wanted, needs, asker, other, answer.version, notes)


def _build(
    context: Context,
    wanted: conda_files.Wanted,
    needs: tuple[str, ...],
    asker: Asker,
    other: tuple[Path, str] | None,
    version: str,
    notes: tuple[str, ...],
) -> Built:
    """From the other Python that was found; from the given one where there is none, or, relaxed, it does not do."""
    is_strict = context.settings.environments == "strict"
    base, own = other or (asker.given, version)
    recipe = Recipe(base, own, wanted.requirements + needs, is_strict, wanted.constraints)
    try:
        built = context.builds.need(recipe, asker.log, asker.pulse)
    except BuildFailed:
        if is_strict or other is None:
            raise
        notes += (f"With Python {own} the environment could not be built; this is Python {version}.",)
        say(asker.log, notes[-1])
        built = context.builds.need(replace(recipe, base=asker.given, version=version), asker.log, asker.pulse)
    # It has all of the extras.
    variables = {name: value for extra in wanted.extras for name, value in extra.variables.items()}
    return Built(built.python, notes + built.warnings, variables={**wanted.variables, **variables})


def _find_other(context: Context, minor: str, answer: satisfaction.Answer, asker: Asker) -> tuple[Path, str] | None:
    """Another Python where another is asked for; None when the given one is right, or no other can be had. Raises
    OSError by AMLOCAL_ENV=strict when there is none."""
    if minor in ("", answer.minor):
        return None
    found = pythons.find(minor, lambda text: say(asker.log, text), asker.pulse)
    if found is None and context.settings.environments == "strict":
        sentence = f"Python {minor} is asked for, and AMLOCAL_ENV=strict takes no other; it is not on PATH"
        raise OSError(f"{sentence}, and uv is not there or cannot bring it.")
    return found


def _with_layers(
    context: Context,
    wanted: conda_files.Wanted | None,
    asker: Asker,
    answer: satisfaction.Answer,
    notes: tuple[str, ...],
) -> Built:
    """The given Python, with MLflow 2 above it where its own is newer than Azure's, and with what else the image has,
    where the code speaks of them. A server that loads models needs no older MLflow but in an image of Azure's own."""
    site = layers.Site(asker.given, answer, asker.log, asker.pulse)
    is_of_azure = wanted is not None and wanted.enough is not None
    found: tuple[Path, ...] = ()
    variables = dict(wanted.variables) if wanted else {}
    may_be_older = context.settings.mlflow == "azure" and (not asker.needs or is_of_azure)
    if may_be_older and layers.is_mlflow_2_wanted(answer, wanted) and asker.speaks_of("mlflow"):
        more, told = layers.need_mlflow_2(context, site)
        found, notes = found + more, notes + told
    for extra in wanted.extras if wanted else ():
        if asker.speaks_of(*extra.words):
            more, told = layers.need_extra(context, site, extra)
            found, notes = found + more, notes + told
            variables |= {} if told else extra.variables
    return Built(asker.given, notes, found, variables)
