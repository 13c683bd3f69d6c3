"""The OpenAPI document, completed with what django-ninja does not write: how each route may refuse."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema

REFUSAL = {
    "description": "Refused: 401 without a valid token or session, 403 without the right, 404 for what is not there "
    "or not yours, 409 when it may not be now, 422 for wrong values, 424 when an endpoint could not answer.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
# What a download answers; django-ninja knows responses with a schema only.
DOWNLOADS = {
    "jobs_log_file": "text/plain",
    "models_file": "application/octet-stream",
    "models_sample": "image/png",
}


def complete(schema: OpenAPISchema) -> OpenAPISchema:
    """Return the document with the refusals and the downloads of each route; that HEAD goes with GET is understood."""
    for routes in schema["paths"].values():
        routes.pop("head", None)
        for operation in routes.values():
            _complete(operation)
    return schema


def _complete(operation: dict[str, Any]) -> None:
    operation["summary"] = operation["description"].partition(". ")[0].partition("\n")[0].rstrip(".")
    operation["responses"]["default"] = REFUSAL
    media_type = DOWNLOADS.get(operation["operationId"])
    if media_type:
        content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
        operation["responses"][200] = {"description": "The file.", "content": content}
