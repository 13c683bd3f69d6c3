"""Makes, finds and revokes the tokens of people's scripts. A secret is returned once and never kept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import ApiToken, Team, User

# Recognisable in a log or a repository by whoever scans for secrets.
PREFIX = "ptl_"
SECRET_BYTES = 32
HINT_LENGTH = 10
# The time of the last use is news for a person, not for a machine: written at most once a minute.
LAST_USE_STEP = timedelta(minutes=1)


def create(
    user: User, *, name: str, scope: str, team: Team | None = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Return the new token and its secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        team=team,
        expires_at=expires_at,
        digest=_digest(secret),
        hint=secret[:HINT_LENGTH],
    )
    return token, secret


def find(secret: str) -> ApiToken | None:
    """Return the token of that secret while it is valid, and note its use; else None.

    The secret has 256 random bits, so that one round of SHA-256 is enough and the look-up leaks nothing by its time.
    """
    token = ApiToken.objects.select_related("user", "team").filter(digest=_digest(secret)).first()
    if token is None or not token.is_valid():
        return None
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_STEP:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
    return token


def revoke(token: ApiToken) -> None:
    """End the token; a second time changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    token.refresh_from_db(fields=["revoked_at"])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
