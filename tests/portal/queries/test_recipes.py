"""A run may have been made elsewhere, or its recipe may be gone."""

from portal.queries import recipes


def test_a_recipe_is_found_by_its_folder_or_not_at_all():
    assert recipes.find("mnist-keras").name == "mnist-keras"
    assert recipes.find("") is None
    assert recipes.find("no-such-recipe") is None
