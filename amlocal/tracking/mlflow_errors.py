"""Errors in MLflow's words, and the one part of MLflow 3 that Azure ML refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amlocal.storage.store import Scope
from amlocal.web.http import ArmError, Request, Response, json_response

if TYPE_CHECKING:
    from amlocal.context import Context


def speaking_mlflow(handler: Callable[..., Response]) -> Callable[..., Response]:
    """The same handler, its errors in MLflow's words beside ARM's, as Azure answers them."""

    def handle(context: Context, request: Request, **parts: Any) -> Response:
        try:
            return handler(context, request, **parts)
        except ArmError as exc:
            by_status = {400: "INVALID_PARAMETER_VALUE", 404: "RESOURCE_DOES_NOT_EXIST"}
            code = exc.code if exc.code.isupper() else by_status.get(exc.status, "INTERNAL_ERROR")
            body = {"error_code": code, "message": exc.message, **exc.to_body()}
            return json_response(body, exc.status, exc.headers)

    handle.__doc__ = handler.__doc__
    return handle


def refuse_logged_models(context: Context, request: Request, *, scope: Scope) -> Response:
    """Azure ML has no logged models, MLflow 3's `log_model` fails there: train with save_model + log_artifacts."""
    raise ArmError(404, "ENDPOINT_NOT_FOUND", "API not found: Azure Machine Learning has no logged-models API.")
