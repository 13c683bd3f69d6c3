"""Turns codes and params into what a person reads: a title, a sentence, a next step.

The texts are in ``ops.message_catalog``; those for an input that is refused are with its kind in ``scoring.kinds``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext

from ops.message_catalog import GENERIC, STEPS, TEXTS, Text
from ops.models import Operation
from scoring import kinds

__all__ = ["STEPS", "TEXTS", "Explanation", "explain", "explained", "notes_of", "of", "step_label", "text_of"]


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do next; ``next`` may be empty. ``detail`` is the foreign side's own wording."""

    code: str
    title: str
    sentence: str
    next: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.sentence, self.next) if part)


def explain(thing: Any) -> Explanation:
    """The explanation of an OpsError-like exception or of a row with ``error_code`` and ``error_params``."""
    code = str(getattr(thing, "error_code", "") or getattr(thing, "code", GENERIC))
    if code not in TEXTS and text_of(f"scoring:{code}"):
        code = f"scoring:{code}"
    params = getattr(thing, "error_params", None) or getattr(thing, "params", {})
    return of(code, params)


def explained(row: Any) -> Explanation | None:
    """The explanation of a row's error, None when it has none."""
    return explain(row) if row.error_code else None


def of(code: str, params: Mapping[str, Any]) -> Explanation:
    """The texts of ``code`` filled with ``params``; an unknown code reads as ops:generic."""
    title, sentence, following = text_of(code) or TEXTS[GENERIC]
    filled = _Filled(_readable(params))
    return Explanation(
        code=code,
        title=str(title).format_map(filled),
        sentence=str(sentence).format_map(filled),
        next=str(following).format_map(filled),
        detail=str(params.get("message", "")),
    )


def notes_of(row: Any) -> list[Explanation]:
    """The explanations of what a kind of prediction noted about an input, from a row with ``notes``."""
    return [of(f"scoring:{code}", params) for code, params in row.notes]


def text_of(code: str) -> tuple[Text, Text, Text] | None:
    """The catalogue's texts of a code, else those that a kind of prediction has; None when nobody has any."""
    if code in TEXTS:
        return TEXTS[code]
    area, _, word = code.partition(":")
    found = kinds.text_of(word) if area == "scoring" else None
    if found is None:
        return None
    title, sentence, following = (text and gettext(text) for text in found)
    return title, sentence, following


def step_label(kind: str, step: str) -> str:
    """The step's label; an unlabelled step reads as its own name."""
    return str(STEPS.get(kind, {}).get(step, step.replace("_", " ")))


def _readable(params: Mapping[str, Any]) -> dict[str, Any]:
    """The params as people read them: kinds by their label, ``limit`` grouped and, for bytes, as ``limit_size``."""
    shown = {name: number_format(value) if isinstance(value, float) else value for name, value in params.items()}
    if "what" in params:
        shown["what"] = _kind_label(params["what"])
    if isinstance(limit := params.get("limit"), int):
        shown |= {"limit": number_format(limit, force_grouping=True), "limit_size": filesizeformat(limit)}
    return shown


def _kind_label(kind: str) -> str:
    return str(Operation.Kind(kind).label) if kind in Operation.Kind.values else kind


class _Filled(dict[str, Any]):
    """A mapping whose missing names read as a dash: a text must never fail to show."""

    def __missing__(self, key: str) -> str:
        return "–"
