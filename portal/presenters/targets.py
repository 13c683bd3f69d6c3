"""The name and the page of what an operation or an event is about, from the registry of nouns."""

from dataclasses import dataclass

from django.urls import reverse

from ops.models.nouns import NOUNS
from ops.models.targets import Targeted


@dataclass(frozen=True, slots=True)
class Target:
    """The thing that a row is about; ``url`` is "" for what has no page, is deleted, or whose row is gone."""

    label: str
    url: str


def target_of(row: Targeted) -> Target:
    """Return what the row is about; reads the thing unless it was read already (see ``queries.operations``)."""
    noun, target = NOUNS.get(row.target_type), row.target
    if noun is None or target is None:
        return Target(row.target_name, "")
    shown = noun.page_row(target)
    has_page = noun.page and not getattr(shown, "gone_at", None)
    return Target(noun.title(target), reverse(noun.page, args=[shown.public_id]) if has_page else "")
