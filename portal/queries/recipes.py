"""The recipe that a page speaks of, read from its folder."""

from ops import recipes
from ops.errors import Refused
from ops.recipes import Recipe


def find(name: str) -> Recipe | None:
    """Return the recipe of that folder name; None for a run made elsewhere, or when the recipe is gone."""
    try:
        return recipes.get(name or "-")
    except Refused:
        return None
