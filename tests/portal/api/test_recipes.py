"""Recipes over the API: what a job can be made from, and what each asks."""

import pytest

from ops import recipes

pytestmark = pytest.mark.django_db


def test_all_recipes_are_listed(script):
    listed = script.ask("GET", "recipes")[1]
    assert [recipe["name"] for recipe in listed] == [recipe.name for recipe in recipes.list_recipes()]
    assert all(recipe["title"] and recipe["url"].startswith("/jobs/new/") for recipe in listed)


def test_a_recipe_says_what_it_asks(script):
    recipe = script.ask("GET", "recipes/mnist-keras")[1]
    epochs = next(parameter for parameter in recipe["parameters"] if parameter["name"] == "epochs")
    assert (epochs["kind"], epochs["default"], epochs["minimum"]) == ("integer", 6, 1)
    assert [wanted["name"] for wanted in recipe["inputs"]] == ["data"]


@pytest.mark.parametrize("name", ["nothing", "..", "mnist-keras%00", "."])
def test_there_is_no_other_recipe(script, name):
    assert script.ask("GET", f"recipes/{name}")[0] == 404
