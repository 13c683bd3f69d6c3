"""Training projects a team starts from: reads ``recipes/NAME/recipe.toml``. Runs nothing and knows no form."""

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

from django.conf import settings

from ops.errors import InvalidParameter, Refused
from ops.job_specs import Goal

KINDS = ("integer", "number", "string", "choice", "boolean")
# What a file system takes as the name of a folder.
LONGEST_NAME = 255


@dataclass(frozen=True)
class Parameter:
    """One typed question of a recipe; ``minimum``/``maximum`` are inclusive."""

    name: str
    kind: str
    label: str
    help: str = ""
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    is_optional: bool = False

    def clean(self, value: Any) -> Any:
        """The value in this parameter's type. Raises InvalidParameter."""
        if value in (None, ""):
            if self.is_optional:
                return None
            raise InvalidParameter("recipe:missing", field=self.name, label=self.label)
        try:
            cleaned = self._typed(value)
        except (TypeError, ValueError):
            raise InvalidParameter("recipe:wrong_type", field=self.name, label=self.label, kind=self.kind) from None
        if self.choices and cleaned not in self.choices:
            raise InvalidParameter("recipe:not_a_choice", field=self.name, label=self.label)
        if self._is_out_of_range(cleaned):
            raise InvalidParameter(
                "recipe:out_of_range", field=self.name, label=self.label, minimum=self.minimum, maximum=self.maximum
            )
        return cleaned

    def _is_out_of_range(self, value: Any) -> bool:
        if self.kind not in {"integer", "number"}:
            return False
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return not low <= value <= high or not math.isfinite(value)

    def _typed(self, value: Any) -> Any:
        match self.kind:
            case "integer":
                return int(str(value))
            case "number":
                return float(str(value))
            case "boolean":
                return str(value).lower() in {"1", "true", "on", "yes"}
        return str(value)


@dataclass(frozen=True)
class Input:
    """A folder of files the run reads; optional ones may stay empty."""

    name: str
    kind: str
    label: str
    help: str = ""
    is_optional: bool = False


@dataclass(frozen=True)
class Recipe:
    """What a recipe's folder declares. ``model_path`` and ``samples_path`` are folders below the job's artifacts."""

    name: str
    folder: Path
    title: str
    description: str
    experiment: str
    command: str
    image: str
    conda_file: Path
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    model_path: str = ""
    samples_path: str = ""
    registered_name: str = ""
    main_metric: str = ""
    goal: Goal = "maximize"

    def clean(self, given: dict[str, Any]) -> dict[str, Any]:
        """The given parameters in their types, in the recipe's order. Raises InvalidParameter."""
        return {parameter.name: parameter.clean(given.get(parameter.name)) for parameter in self.parameters}


def list_recipes() -> list[Recipe]:
    """All recipes, by title."""
    return sorted((_read(path.parent) for path in settings.RECIPES_DIR.glob("*/recipe.toml")), key=lambda r: r.title)


def get(name: str) -> Recipe:
    """The recipe of that folder name. Raises Refused("recipe:unknown")."""
    folder = settings.RECIPES_DIR / name
    if len(name) > LONGEST_NAME or Path(name).name != name or not (folder / "recipe.toml").is_file():
        raise Refused("recipe:unknown", name=name)
    return _read(folder)


@lru_cache(maxsize=64)
def _read(folder: Path) -> Recipe:
    raw = tomllib.loads((folder / "recipe.toml").read_text())
    output = raw.get("output", {})
    return Recipe(
        name=folder.name,
        folder=folder,
        title=raw["title"],
        description=raw.get("description", ""),
        experiment=raw.get("experiment", folder.name),
        command=raw["command"],
        image=raw["environment"]["image"],
        conda_file=folder / raw["environment"].get("conda", "conda.yml"),
        parameters=tuple(_parameter(name, body) for name, body in raw.get("parameters", {}).items()),
        inputs=tuple(
            Input(name, body["type"], body.get("label", name), body.get("help", ""), body.get("optional", False))
            for name, body in raw.get("inputs", {}).items()
        ),
        model_path=output.get("model", ""),
        samples_path=output.get("samples", ""),
        registered_name=output.get("registered_name", folder.name),
        main_metric=output.get("metric", ""),
        goal=_goal(output.get("goal", "maximize")),
    )


def _goal(word: str) -> Goal:
    if word not in get_args(Goal):
        raise ValueError(f"the goal {word!r} is not one of {', '.join(get_args(Goal))}")
    return cast(Goal, word)


def _parameter(name: str, body: dict[str, Any]) -> Parameter:
    if body["type"] not in KINDS:
        raise ValueError(f"parameter {name} has the unknown type {body['type']!r}")
    return Parameter(
        name=name,
        kind=body["type"],
        label=body.get("label", name),
        help=body.get("help", ""),
        default=body.get("default"),
        minimum=body.get("min"),
        maximum=body.get("max"),
        choices=tuple(body.get("choices", ())),
        is_optional=body.get("optional", False),
    )
