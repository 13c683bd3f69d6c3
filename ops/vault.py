"""Encrypts what must be kept but never shown: credentials' secrets and endpoint keys. Keys rotate by prepending one."""

import os
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from ops.errors import OpsError


def encrypt(secret: str) -> str:
    """The text as a Fernet token under the newest key; "" stays ""."""
    return _vault().encrypt(secret.encode()).decode() if secret else ""


def decrypt(token: str) -> str:
    """The text of a token. Raises OpsError("vault:unreadable") when no key fits; never shows the token."""
    if not token:
        return ""
    try:
        return _vault().decrypt(token.encode()).decode()
    except InvalidToken:
        raise OpsError("vault:unreadable") from None


@lru_cache(maxsize=1)
def _vault() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PORTAL_VAULT_KEYS or _kept_keys()])


def _kept_keys() -> list[str]:
    """One key a line in ``PORTAL_HOME/keys/vault.keys`` (mode 0600), made at first use."""
    path = settings.PORTAL_HOME / "keys" / "vault.keys"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return [line for line in path.read_text().split() if line]
    with os.fdopen(descriptor, "w") as file:
        file.write(key := Fernet.generate_key().decode())
    return [key]
