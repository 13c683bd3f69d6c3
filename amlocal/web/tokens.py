"""Access tokens: JWTs that identity.py gives out and every ARM, data plane, blob and scoring call is checked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

from amlocal.settings import Settings
from amlocal.web.http import ArmError, Request

LIFETIME_SECONDS = 24 * 3600
ML_AUDIENCE = "https://ml.azure.local"
STORAGE_AUDIENCE = "https://storage.azure.com"
# Of what a job shows to get tokens: no other call takes it.
IDENTITY_AUDIENCE = "identity"


class Tokens:
    """Signs and checks. `surface` is arm, ml (run history, MLflow, data, scoring) or blob; each has its own
    audiences."""

    def __init__(self, settings: Settings) -> None:
        self._key = hmac.new(settings.secret.encode(), b"tokens", hashlib.sha256).digest()
        self._arm = settings.public_url
        self._audiences = {
            "arm": {self._arm},
            # Azure ML's data plane takes tokens for ARM too.
            "ml": {self._arm, ML_AUDIENCE},
            "blob": {STORAGE_AUDIENCE},
        }

    def issue(self, audience: str, *, lifetime_seconds: float = LIFETIME_SECONDS, **claims: Any) -> str:
        """A signed JWT for `audience`; further claims (such as the job's name) as given."""
        now = int(time.time())
        claims = {
            "aud": audience.rstrip("/"),
            "iss": "https://sts.amlocal/",
            "iat": now,
            "nbf": now - 60,
            "exp": int(now + lifetime_seconds),
            "appid": "amlocal",
            "oid": "00000000-0000-0000-0000-00000000a10c",
            "tid": "00000000-0000-0000-0000-000000000000",
            "jti": str(uuid.uuid4()),
            **claims,
        }
        head = _encode({"alg": "HS256", "typ": "JWT"})
        payload = f"{head}.{_encode(claims)}"
        return f"{payload}.{self._sign(payload)}"

    def issue_for(self, surface: str, *, lifetime_seconds: float = LIFETIME_SECONDS, **claims: Any) -> str:
        """A token as a client of that surface would hold; jobs get one for `ml`."""
        audience = {"ml": ML_AUDIENCE, "blob": STORAGE_AUDIENCE}.get(surface, self._arm)
        return self.issue(audience, lifetime_seconds=lifetime_seconds, **claims)

    def _sign(self, payload: str) -> str:
        return _base64(hmac.new(self._key, payload.encode(), hashlib.sha256).digest())

    def check(self, request: Request, surface: str) -> dict[str, Any]:
        """The claims of the request's bearer token. Raises ArmError 401 with the code ARM uses for each fault."""
        scheme, _, token = request.header("Authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise refusal("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        claims = self.read(token.strip())
        if claims is None:
            raise refusal("InvalidAuthenticationToken", "The access token is invalid.")
        if claims.get("exp", 0) < time.time():
            raise refusal("ExpiredAuthenticationToken", "The access token expiry UTC time has passed.")
        if str(claims.get("aud")) not in self._audiences[surface]:
            raise refusal(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims.get('aud')}'. It should"
                f" exactly match with one of the allowed audiences: {', '.join(sorted(self._audiences[surface]))}.",
            )
        return claims

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours, expired or not; None when the signature is not ours."""
        payload, _, signature = token.rpartition(".")
        if not payload or not hmac.compare_digest(self._sign(payload).encode(), signature.encode()):
            return None
        claims = json.loads(base64.urlsafe_b64decode(payload.split(".")[1] + "=="))
        return claims if isinstance(claims, dict) else None


def refusal(code: str, message: str) -> ArmError:
    """401 with the challenge that clients of Azure look for."""
    challenge = f'Bearer authorization_uri="https://login.amlocal/", error="invalid_token", error_description="{code}"'
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge})


def _encode(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
