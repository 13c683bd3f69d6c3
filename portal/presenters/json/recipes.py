"""The JSON forms of recipes: what the form asks, and the names of its fields."""

from typing import Any

from django.urls import reverse

from ops.recipes import Recipe
from portal.forms.jobs import INPUT, PARAMETER, QueueForm


def summary(recipe: Recipe) -> dict[str, Any]:
    """Return the short form, as in a list."""
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "main_metric": recipe.main_metric,
        "url": reverse("jobs:queue", args=[recipe.name]),
    }


def detail(recipe: Recipe, form: QueueForm) -> dict[str, Any]:
    """Return the questions with their form fields, and the computes that may be chosen."""
    return {
        "recipe": summary(recipe)
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
