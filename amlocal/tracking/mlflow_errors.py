"""Errors in MLflow's words, and the one part of MLflow 3 that Azure ML refuses."""

from __future__ import annotations

from amlocal.arm.context import Context
from amlocal.storage.store import Scope
from amlocal.web.http import ArmError, Request, Response, json_response


def to_response(error: ArmError) -> Response:
    """An error in MLflow's words beside ARM's, as Azure answers it."""
    by_status = {400: "INVALID_PARAMETER_VALUE", 404: "RESOURCE_DOES_NOT_EXIST"}
    code = error.code if error.code.isupper() else by_status.get(error.status, "INTERNAL_ERROR")
    body = {"error_code": code, "message": error.message, **error.to_body()}
    return json_response(body, error.status, error.headers)


def refuse_logged_models(context: Context, request: Request, *, scope: Scope) -> Response:
    """Azure ML has no logged models, MLflow 3's `log_model` fails there: train with save_model + log_artifacts."""
    raise ArmError(404, "ENDPOINT_NOT_FOUND", "API not found: Azure Machine Learning has no logged-models API.")
