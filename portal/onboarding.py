"""The first owner of an empty portal: a one-time link that makes a person and a team. Later people come from Teams."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import SetupClaim, User
from ops.services import people


class LinkIsSpent(Exception):
    """The token is wrong, or the portal already has its first person."""


def issue_setup_token() -> str | None:
    """A new token for ``accounts:setup``, kept as a hash; earlier ones stop working. None once a person exists."""
    if User.objects.exists():
        return None
    token = secrets.token_urlsafe(24)
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(_hash(token))
    return token


def is_open(token: str) -> bool:
    """Whether the token would be taken now."""
    try:
        kept = _path().read_text()
    except FileNotFoundError:
        return False
    return hmac.compare_digest(kept, _hash(token)) and not User.objects.exists()


def redeem(token: str, username: str, password: str, team_name: str) -> User:
    """The first person, site admin and owner of the first team. Raises LinkIsSpent; the link works once."""
    if not is_open(token):
        raise LinkIsSpent
    try:
        with transaction.atomic():
            SetupClaim.objects.create()
            user = User.objects.create_superuser(username, password=password)
            people.found(team_name, by=user)
    except IntegrityError:
        raise LinkIsSpent from None
    _path().unlink(missing_ok=True)
    return user


def _path() -> Path:
    home: Path = settings.PORTAL_HOME
    return home / "keys" / "setup.hash"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
