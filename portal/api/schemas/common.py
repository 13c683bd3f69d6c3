"""Schemas that every noun shares: one error shape, a page of rows, and the description of a field."""

from datetime import datetime
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from ops.messages import Explanation, explained

Item = TypeVar("Item")
EXAMPLE_TIME = datetime.fromisoformat("2026-11-28T09:30:00+00:00")


def described(text: str, example: Any, default: Any = ..., **rules: Any) -> Any:
    """Return a field with a description and an example, both shown in the OpenAPI document."""
    return Field(default, description=text, examples=[example], **rules)


class Given(Schema):
    """What a script sends as JSON: its texts have no NUL characters, which PostgreSQL does not take."""

    @field_validator("*")
    @classmethod
    def without_nul(cls, value: Any) -> Any:
        if _has_nul(value):
            raise PydanticCustomError("nul", _("Null characters are not allowed."))
        return value


class Page(Schema, Generic[Item]):
    """One page of a list. Ask for ``?cursor=`` with ``next`` until it is empty."""

    items: list[Item] = Field(description="The rows of this page.")
    next: str = described("Cursor of the page after this one; empty on the last page.", "WyJmIiwiMjAyNi0xMS0yOCJd")
    previous: str = described("Cursor of the page before this one; empty on the first page.", "")


class Problem(Schema):
    """What went wrong, for a program (``code``) and for a person (the rest)."""

    code: str = described("Stable name of the problem; compare with this, not with the texts.", "deployment:name_taken")
    title: str = described("A few words.", "Name taken")
    sentence: str = described("What happened, in the language of Accept-Language.", "This endpoint has a blue already.")
    next: str = described("What to do about it; may be empty.", "Choose another name.")
    detail: str = described("The wording of Azure or of the endpoint, where there is any.", "", "")
    fields: dict[str, list[str]] = described(
        "Sentences about single values of the request, by their place in it.",
        {"deployment_name": ["This endpoint has a deployment of that name."]},
        {},
    )


class Note(Schema):
    """What to know about an answer, for a program (``code``) and for a person (the rest)."""

    code: str = described("Stable name of the note; compare with this, not with the texts.", "scoring:image_blank")
    title: str = described("A few words.", "The picture is blank")
    sentence: str = described("What was found, in the language of Accept-Language.", "The picture is blank.")
    next: str = described("What to do about it; may be empty.", "Check the file.")


def note_of(explanation: Explanation) -> Note:
    """Return the explanation as a note."""
    return Note(code=explanation.code, title=explanation.title, sentence=explanation.sentence, next=explanation.next)


def problem_of(explanation: Explanation, fields: dict[str, list[str]] | None = None) -> Problem:
    """Return the explanation in the API's shape."""
    return Problem(
        code=explanation.code,
        title=explanation.title,
        sentence=explanation.sentence,
        next=explanation.next,
        detail=explanation.detail,
        fields=fields or {},
    )


def problem_with(row: Any) -> Problem | None:
    """Return what went wrong with a row, None when nothing did."""
    explanation = explained(row)
    return problem_of(explanation) if explanation else None


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, str) and "\x00" in value
