"""The API's first version: its routers, its ways in, its way of saying no."""

from typing import Any

from ninja import NinjaAPI, Router
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from portal.api import (
    authentication,
    endpoints,
    errors,
    home,
    jobs,
    models,
    openapi,
    operations,
    predict,
    recipes,
    teams,
    tokens,
    workspaces,
)

DESCRIPTION = """\
Everything that the pages can do, for scripts.

Send a token as `Authorization: Bearer ptl_…` (make one under *API tokens*), or use the session of a browser with the
CSRF token in `X-CSRFToken`. A token may the lesser of its scope and its person's role in the team.

Writes that workers carry out answer **202** with an *operation*: poll `/operations/{id}` until `is_final`. Its `target`
is the thing that was made. Send an `Idempotency-Key` with writes that make something, and send them again without fear.

Lists give pages of `limit` rows; follow `next` as `?cursor=`. Every refusal has one shape: `code`, `title`, `sentence`,
`next`, `detail`, `fields`.
"""


class PortolanApi(NinjaAPI):
    """The API with a complete OpenAPI document, and with HEAD wherever there is GET (the server drops the body)."""

    def add_router(self, prefix: str, router: Router | str, **options: Any) -> None:
        super().add_router(prefix, router, **options)
        assert isinstance(router, Router)
        for view in router.path_operations.values():
            for operation in view.operations:
                if "GET" in operation.methods:
                    operation.methods.append("HEAD")

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        return openapi.complete(super().get_openapi_schema(**options))


api = PortolanApi(
    title="Portolan",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-v1",
    docs_url=None,
    docs=Swagger(settings={"persistAuthorization": False, "defaultModelsExpandDepth": 0}),
    auth=authentication.METHODS,
)
errors.install(api)
api.add_router("/home", home.router)
api.add_router("/teams", teams.router)
api.add_router("/workspaces", workspaces.router)
api.add_router("/recipes", recipes.router)
api.add_router("/jobs", jobs.router)
api.add_router("", models.router)
api.add_router("/endpoints", endpoints.router)
api.add_router("/predict", predict.router)
api.add_router("/operations", operations.router)
api.add_router("", tokens.router)
