"""Recipes: training projects to start a job from, and what each asks."""

from typing import Any

from django.urls import reverse
from ninja import Schema

from ops.recipes import Recipe
from portal.api.schemas.common import described


class ParameterOut(Schema):
    """One typed question of a recipe."""

    name: str = described("Name in parameters of a job.", "epochs")
    kind: str = described("integer, number, string, choice or boolean.", "integer")
    label: str = described("The question for a person.", "Epochs")
    help: str = described("More about it.", "How often the network sees each picture.")
    default: int | float | str | bool | None = described("Taken when the parameter is left out.", 6)
    minimum: float | None = described("Smallest value.", 1)
    maximum: float | None = described("Largest value.", 100)
    choices: list[str] = described("The only values of a choice.", [])
    is_optional: bool = described("Whether it may be empty.", False)


class InputOut(Schema):
    """Files that the job reads."""

    name: str = described("Name of the input.", "mnist")
    label: str = described("The question for a person.", "MNIST files")
    help: str = described("More about it.", "The four idx files; without them the bundled digits are used.")
    is_optional: bool = described("Whether it may be left out.", True)


class RecipeOut(Schema):
    """A training project of the portal."""

    name: str = described("Name of the recipe.", "mnist-keras")
    title: str = described("Its title for a person.", "Handwritten digits with Keras")
    description: str = described("What it trains.", "Trains LeNet on handwritten digits.")
    main_metric: str = described("The metric by which its runs are compared.", "val_accuracy")
    url: str = described("Its page in the portal.", "/jobs/new/mnist-keras/")


class RecipeDetail(RecipeOut):
    """A recipe with all that it asks."""

    parameters: list[ParameterOut]
    inputs: list[InputOut]


def recipe_out(recipe: Recipe) -> RecipeOut:
    """Return the short form, as in a list."""
    return RecipeOut(**_facts(recipe))


def recipe_detail(recipe: Recipe) -> RecipeDetail:
    """Return the recipe with its questions."""
    return RecipeDetail(
        **_facts(recipe),
        parameters=[ParameterOut.from_orm(parameter) for parameter in recipe.parameters],
        inputs=[InputOut.from_orm(wanted) for wanted in recipe.inputs],
    )


def _facts(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "main_metric": recipe.main_metric,
        "url": reverse("jobs:queue", args=[recipe.name]),
    }
