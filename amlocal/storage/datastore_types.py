"""What each type of datastore must say about itself and its secrets. Only blob containers have files behind them; the
others are kept as they were told."""

from __future__ import annotations

from typing import Any

from amlocal.web.http import ArmError

BLOB = "AzureBlob"
# Type -> what it must name, as the SDK's typed models have it.
PLACES = {
    BLOB: ("accountName", "containerName"),
    "AzureFile": ("accountName", "fileShareName"),
    "AzureDataLakeGen1": ("storeName",),
    "AzureDataLakeGen2": ("accountName", "filesystem"),
    "OneLake": ("oneLakeWorkspaceName", "artifact"),
}
# Types that lie in a storage account, and so have an endpoint and a protocol of their own.
IN_ACCOUNTS = (BLOB, "AzureFile", "AzureDataLakeGen2")
# Credentials -> (what they must name, the name of their secret).
CREDENTIALS: dict[str, tuple[tuple[str, ...], str]] = {
    "None": ((), ""),
    "AccountKey": ((), "key"),
    "Sas": ((), "sasToken"),
    "ServicePrincipal": (("clientId", "tenantId"), "clientSecret"),
    "Certificate": (("clientId", "tenantId", "thumbprint"), "certificate"),
}


def check(properties: dict[str, Any]) -> None:
    """The properties of a datastore as they were sent. Raises ArmError 400."""
    kind = str(properties.get("datastoreType"))
    if kind not in PLACES:
        raise ArmError(400, "UserError", f"{kind!r} is not a type of datastore; there are {', '.join(PLACES)}.")
    missing = [name for name in PLACES[kind] if not properties.get(name)]
    if missing:
        raise ArmError(400, "UserError", f"A datastore of type {kind} needs {' and '.join(missing)}.")


def split_credentials(properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(what is shown to everybody, the secrets), of properties that may have no credentials. Raises ArmError 400."""
    shown = dict(properties.get("credentials") or {"credentialsType": "None"})
    kind = str(shown.get("credentialsType"))
    if kind not in CREDENTIALS:
        raise ArmError(400, "UserError", f"{kind!r} is no type of credentials; there are {', '.join(CREDENTIALS)}.")
    told = shown.pop("secrets", None) or {}
    needed, secret = CREDENTIALS[kind]
    missing = [name for name in needed if not shown.get(name)] + ([secret] if secret and not told.get(secret) else [])
    if missing:
        raise ArmError(400, "UserError", f"Credentials of type {kind} need {' and '.join(missing)}.")
    return shown, {"secretsType": kind, secret: told[secret]} if secret else None
