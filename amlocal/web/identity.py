"""The managed identity endpoint, where azure-identity and jobs ask for access tokens."""

from __future__ import annotations

import hmac
import time

from amlocal.web.context import Context
from amlocal.web.http import ArmError, Request, Response, json_response
from amlocal.web.tokens import IDENTITY_AUDIENCE, LIFETIME_SECONDS, refusal


def give_token(context: Context, request: Request) -> Response:
    """GET /msi/token: the managed identity endpoint of azure-identity (App Service and Azure ML spellings)."""
    # A job on its user's behalf has nothing but an address to ask at.
    shown = request.header("secret") or request.header("X-IDENTITY-HEADER") or request.query.get("secret")
    is_client = hmac.compare_digest(shown.encode(), context.settings.client_secret.encode())
    if not is_client and not _is_of_job(context, shown):
        raise refusal("AuthenticationFailed", "The managed identity secret is missing or wrong.")
    audience = request.query.get("resource")
    if not audience:
        raise ArmError(400, "InvalidResource", "The query parameter 'resource' is missing.")
    token = context.tokens.issue(audience)
    expires_on = int(time.time()) + LIFETIME_SECONDS
    return json_response(
        {
            "access_token": token,
            "expires_on": str(expires_on),
            "expires_in": str(LIFETIME_SECONDS),
            "resource": audience,
            "token_type": "Bearer",
        }
    )


def _is_of_job(context: Context, shown: str) -> bool:
    claims = context.tokens.read(shown) or {}
    return claims.get("aud") == IDENTITY_AUDIENCE and claims.get("exp", 0) > time.time()
