"""The name and the page of what an operation or an event is about, from the registry of nouns."""

from collections.abc import Iterable

from django.urls import reverse

from ops.models.nouns import NOUNS
from ops.models.targets import Targeted, attach_targets


def link_of(row: Targeted) -> tuple[str, str]:
    """Return (name, URL). The URL is empty for what has no page, is deleted, or whose row is gone.

    Reads the target unless it was read already: lists call ``read_ahead`` first.
    """
    noun, target = NOUNS.get(row.target_type), row.target
    if noun is None or target is None:
        return row.target_name, ""
    shown = noun.page_row(target)
    has_page = noun.page and not getattr(shown, "gone_at", None)
    return noun.title(target), reverse(noun.page, args=[shown.public_id]) if has_page else ""


def read_ahead(rows: Iterable[Targeted]) -> None:
    """Read the targets of a list's rows: one query for each noun among them."""
    attach_targets(rows)
