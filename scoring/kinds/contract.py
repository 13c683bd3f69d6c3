"""What every kind of prediction offers: five functions, the form field of its input and the texts of its refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from scoring.wire import Request

Text = tuple[str, str, str]
"""A title, a sentence and a next step, which may be empty, in English. Params stand in braces: ``{limit}``."""


def gettext_noop(text: str) -> str:
    """Mark a text for the translation catalogues. Whoever shows it translates it: this library knows no language."""
    return text


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one input may be: in bytes as it is sent and, where it is a picture, in pixels.

    ``waiting``: how many threads of this process may wait at once for their input to be prepared.
    """

    bytes: int
    pixels: int
    waiting: int = 4


Note = tuple[str, dict[str, int | float]]
"""The code of one of a kind's TEXTS and the params of its sentence: what people should know before they believe."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What people are shown of one prediction.

    ``top`` is kept in the history: possible answers as text, each with its probability, the most probable first.
    A kind without probabilities gives one answer with None. ``details`` is what the kind's own template shows besides;
    it is not kept. ``notes`` are kept and shown before the answer.
    """

    top: list[tuple[str, float | None]]
    details: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


class Kind(Protocol):
    """One kind of prediction; each module in this package is one.

    What ``read_spec``, ``prepare_input`` and ``decode_answer`` return is the kind's own: only its other functions look
    into it. The kind's template is templates/predict/kinds/NAME.html.
    """

    NAME: str
    """What a model.json says as its "kind"."""

    FIELD: str
    """The name of the form field that carries the input."""

    ACCEPT: str
    """What the file chooser offers, as in HTML's accept attribute. Empty: the input is typed as text."""

    MISSING: str
    """The code, one of TEXTS, for a form that was sent without an input."""

    TEXTS: dict[str, Text]
    """The texts of each code of the kind's InputRefused and of its notes. No two kinds share a code."""

    def read_spec(self, document: dict[str, Any]) -> Any:
        """What the network expects, from a parsed model.json. Raises SpecRefused."""

    def prepare_input(self, data: bytes, spec: Any, limits: Limits) -> Any:
        """The input, fitted to the spec, from the bytes a person gave.

        Raises the kind's InputRefused, and EndpointAnswer("busy") when too many others are being prepared.
        """

    def encode_request(self, given: Any, spec: Any) -> Request:
        """The request for one prepared input. Raises SpecRefused."""

    def decode_answer(self, body: bytes, spec: Any) -> Any:
        """What the endpoint answered. Raises EndpointAnswer("answer_unreadable", reason=…)."""

    def present_answer(self, answer: Any, given: Any) -> Presentation:
        """What people are shown of a decoded answer to a prepared input."""
