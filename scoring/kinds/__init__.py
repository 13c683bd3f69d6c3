"""Kinds of prediction, by the "kind" that a model.json names. A new kind is a module here and a row in KINDS."""

from __future__ import annotations

from typing import Any

from scoring.errors import SpecRefused
from scoring.kinds import images
from scoring.kinds.contract import Kind, Limits, Note, Presentation, Text

__all__ = ["DEFAULT", "KINDS", "Kind", "Limits", "Note", "Presentation", "Text", "of_spec", "text_of"]

KINDS: dict[str, Kind] = {images.NAME: images}

DEFAULT = images.NAME
"""The kind of a model.json that names none: those written before there were kinds are for images."""


def of_spec(document: dict[str, Any]) -> Kind:
    """The kind that a parsed model.json names. Raises SpecRefused("kind_unknown", kind=…)."""
    name = document.get("kind", DEFAULT)
    if not isinstance(name, str) or name not in KINDS:
        raise SpecRefused("kind_unknown", kind=str(name))
    return KINDS[name]


def text_of(code: str) -> Text | None:
    """The English text that a kind has for one of its codes; None when no kind knows the code."""
    return next((kind.TEXTS[code] for kind in KINDS.values() if code in kind.TEXTS), None)
