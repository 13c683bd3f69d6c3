"""What a run executes, frozen on its row when it is queued: the one description that flows and pages read.

A recipe, a clone, or a team's own code is only a *source* of a spec. Whatever happens to the source afterwards, what is
queued runs as it was asked for. Knows no Django, no recipe and no Azure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LAYOUT = 1
"""Of the JSON form; a change that older rows could not be read with gets the next number."""

Goal = Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the spec came from. ``answers`` are a recipe's parameters as they were given, for a clone's form."""

    kind: str
    name: str
    title: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """An image, and the text of a conda file that is installed on it."""

    name: str
    image: str
    conda: str = ""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input of the command: a ``literal`` value, or the files uploaded with the form under the input's name."""

    kind: Literal["literal", "upload"]
    value: Any = None


@dataclass(frozen=True, slots=True)
class MakesSpec:
    """What the job leaves: folders below its artifacts, the name its model is registered under, its main metric."""

    model_path: str = ""
    samples_path: str = ""
    registered_name: str = ""
    main_metric: str = ""
    goal: Goal = "maximize"


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A command job. ``code`` is the SHA-256 of a ``CodeSnapshot``; ``command`` may use ``${{inputs.NAME}}``.

    ``compute`` is the name of a compute of the run's workspace; ``time_limit_seconds`` is None for Azure's own limit.
    """

    source: Source
    experiment: str
    command: str
    code: str
    environment: EnvironmentSpec
    compute: str
    inputs: Mapping[str, InputSpec] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    instances: int = 1
    distribution: Mapping[str, Any] = field(default_factory=dict)
    time_limit_seconds: int | None = None
    makes: MakesSpec = field(default_factory=MakesSpec)

    def literals(self) -> dict[str, Any]:
        """Return the inputs that are plain values."""
        return {name: given.value for name, given in self.inputs.items() if given.kind == "literal"}

    def as_json(self) -> dict[str, Any]:
        """Return the form that is kept on the row."""
        return {"layout": LAYOUT} | asdict(self)


def from_json(document: Mapping[str, Any]) -> JobSpec:
    """Return the spec of its JSON form. Raises ValueError for a layout that this release does not know."""
    if document.get("layout") != LAYOUT:
        raise ValueError(f"a job spec of layout {document.get('layout')!r}; this release reads {LAYOUT}")
    columns = {name: value for name, value in document.items() if name != "layout"}
    columns |= {
        "source": Source(**document["source"]),
        "environment": EnvironmentSpec(**document["environment"]),
        "inputs": {name: InputSpec(**given) for name, given in document["inputs"].items()},
        "makes": MakesSpec(**document["makes"]),
    }
    return JobSpec(**columns)
