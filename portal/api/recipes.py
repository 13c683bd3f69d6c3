"""Recipes: what a job can be made from."""

from django.http import Http404, HttpRequest
from ninja import Router

from ops.recipes import list_recipes
from portal.api.schemas.recipes import RecipeDetail, RecipeOut, recipe_detail, recipe_out
from portal.queries import recipes as queries

router = Router(tags=["jobs"])


@router.get("", response=list[RecipeOut], operation_id="recipes_index", url_name="recipes_index")
def index(request: HttpRequest) -> list[RecipeOut]:
    """List the recipes of this portal: they are few."""
    return [recipe_out(recipe) for recipe in list_recipes()]


@router.get("/{slug:name}", response=RecipeDetail, operation_id="recipes_detail", url_name="recipes_detail")
def detail(request: HttpRequest, name: str) -> RecipeDetail:
    """Read what a recipe asks."""
    if (recipe := queries.find(name)) is None:
        raise Http404
    return recipe_detail(recipe)
