"""A conda file or a requirements.txt, read as the pip requirements that a venv can be made from. Making it is not
here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amlocal.assets.curated import Extra
from amlocal.building import conda_names, requirement_files
from amlocal.building.requirement_files import NOTHING, Beside

# channel::name, then a version in one of conda's spellings, then perhaps a build.
_SPEC = re.compile(r"^(?:[^:\s]+::)?(?P<name>[A-Za-z0-9_.\-]+)\s*(?P<version>[^\[\s]*(?:\s*[<>=!,|][^\[]*)?.*)$")
_RELATION = re.compile(r"^(==|>=|<=|!=|~=|>|<)")


class BrokenFile(Exception):
    """The file cannot be read as an environment; the text is a sentence."""


@dataclass(frozen=True)
class Wanted:
    """`requirements` are lines of a requirements file, options too; `python` is a version such as 3.10 or "";
    `skipped` are sentences. A Python that has all of `enough` will do: they are the requirements where it is None.
    `constraints` are versions of what may be installed besides; `extras` and `variables` are those of an image of
    Azure's own."""

    requirements: tuple[str, ...]
    python: str = ""
    skipped: tuple[str, ...] = ()
    enough: tuple[str, ...] | None = None
    constraints: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def read(text: str, beside: Beside = NOTHING) -> Wanted:
    """A conda file, which may be YAML or JSON, and the requirements files that its pip part names. Raises
    BrokenFile."""
    requirements: list[str] = []
    pip: list[str] = []
    skipped: list[str] = []
    python = ""
    for dependency in _dependencies(text):
        if isinstance(dependency, dict):
            pip += _pip_part(dependency)
            continue
        name, version = _split(str(dependency))
        if name == "python":
            exact = re.match(r"==(\d+\.\d+)", version)
            python = exact[1] if exact else ""
        elif name not in conda_names.TOOLS:
            known = conda_names.on_pypi(name)
            if known:
                requirements.append(f"{known}{version}")
            else:
                skipped.append(f"The conda package '{dependency}' is not known on PyPI and was skipped.")
    lines = requirement_files.read(pip, beside)
    return Wanted(
        tuple(requirements + lines.requirements),
        python,
        tuple(skipped + lines.skipped),
        constraints=tuple(lines.constraints),
    )


def _dependencies(text: str) -> list[Any]:
    # Only whoever builds environments pays for the parser.
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise BrokenFile(f"The conda file is not YAML: {exc}") from exc
    dependencies = content.get("dependencies") if isinstance(content, dict) else None
    if not isinstance(dependencies, list):
        raise BrokenFile("The conda file has no list called 'dependencies'.")
    return dependencies


def _pip_part(dependency: dict[Any, Any]) -> list[str]:
    lines = dependency.get("pip") or []
    if set(dependency) != {"pip"} or not isinstance(lines, list):
        raise BrokenFile(f"The conda file has a part that is not a list called 'pip': {dependency}")
    # conda writes them into one requirements file, in which a text of several lines is several.
    return requirement_files.split("\n".join(str(line) for line in lines))


def _split(spec: str) -> tuple[str, str]:
    """Name and pip's spelling of the version: conda's `numpy=1.23` means 1.23.*, its `=1.23=py39` names a build as
    well."""
    found = _SPEC.match(spec.strip())
    if found is None:
        raise BrokenFile(f"'{spec}' is not a conda package.")
    name, version = found["name"].lower(), re.sub(r"\s*\[.*$", "", found["version"]).strip()
    if "|" in version:
        return name, ""
    parts = [part.strip() for part in version.split(",")]
    return name, ",".join(_relation(part) for part in parts if part.lstrip("= ") not in ("", "*"))


def _relation(part: str) -> str:
    operator = _RELATION.match(part)
    version = part[operator.end() :] if operator else part.lstrip("= ")
    version = re.split(r"[= ]", version.strip())[0]
    if operator:
        return f"{operator[0]}{version}"
    return f"=={version}" if version.endswith("*") else f"=={version}.*"
