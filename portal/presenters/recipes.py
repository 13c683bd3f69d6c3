"""Recipes as JSON clients read them: what the form asks, and the names of its fields."""

from typing import Any

from django.urls import reverse

from ops import recipes
from ops.errors import Refused
from ops.recipes import Recipe
from portal.forms.jobs import INPUT, PARAMETER, QueueForm


def find(name: str) -> Recipe | None:
    """The recipe of that folder name; None for a run made elsewhere, or when the recipe is gone."""
    try:
        return recipes.get(name or "-")
    except Refused:
        return None


def outline(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "main_metric": recipe.main_metric,
        "url": reverse("jobs:queue", args=[recipe.name]),
    }


def describe(recipe: Recipe, form: QueueForm) -> dict[str, Any]:
    """The questions with their form fields, and the computes that may be chosen."""
    return {
        "recipe": outline(recipe)
        | {
            "parameters": [
                {
                    "name": parameter.name,
                    "field": PARAMETER.format(parameter.name),
                    "kind": parameter.kind,
                    "label": parameter.label,
                    "default": parameter.default,
                    "minimum": parameter.minimum,
                    "maximum": parameter.maximum,
                    "choices": list(parameter.choices),
                    "is_optional": parameter.is_optional,
                }
                for parameter in recipe.parameters
            ],
            "inputs": [
                {
                    "name": wanted.name,
                    "field": INPUT.format(wanted.name),
                    "label": wanted.label,
                    "is_optional": wanted.is_optional,
                }
                for wanted in recipe.inputs
            ],
        },
        "computes": [
            {"value": f"{workspace.public_id}/{compute.name}", "workspace": workspace.public_id, "name": compute.name}
            for workspace in form.workspaces.values()
            for compute in workspace.computes.all()
            if not compute.gone_at
        ],
    }
