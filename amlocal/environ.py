"""The variables that point an unchanged SDK script at amlocal, and how shells spell them."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping

from amlocal.settings import CLOUD, Settings

FORMATS = ("sh", "powershell", "dotenv", "json")
# What ends a text in single quotes in PowerShell, which takes the typographic ones for the same.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_PLAIN = re.compile(r"[\w./:,@%+=*\[\]-]*")
LOCAL_HOSTS = ("localhost", "127.0.0.1")


def variables(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Everything a client needs; MSI_SECRET is a secret. A proxy of the user's stays, but not for this host."""
    without_proxy = [host for host in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",") if host]
    without_proxy += [host for host in (*LOCAL_HOSTS, settings.public_host) if host not in without_proxy]
    return {
        "ARM_CLOUD_METADATA_URL": f"{settings.public_url}/metadata/endpoints",
        "AZUREML_CURRENT_CLOUD": CLOUD,
        # Where the SDK asks for registries; otherwise it makes up a host name that nobody has.
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{settings.public_url}/",
        "REQUESTS_CA_BUNDLE": str(settings.ca_bundle),
        "SSL_CERT_FILE": str(settings.ca_bundle),
        "MSI_ENDPOINT": f"{settings.public_url}/msi/token",
        "MSI_SECRET": settings.client_secret,
        "NO_PROXY": ",".join(dict.fromkeys(without_proxy)),
        "AMLOCAL_URL": settings.public_url,
        "AMLOCAL_SUBSCRIPTION_ID": settings.subscription,
        "AMLOCAL_RESOURCE_GROUP": settings.group,
        "AMLOCAL_WORKSPACE": settings.workspace,
    }


def render(values: Mapping[str, str], style: str) -> str:
    """One line for each variable; `style` is one of FORMATS."""
    if style == "powershell":
        return "\n".join(f"$Env:{name} = '{_QUOTES.sub(_twice, value)}'" for name, value in values.items())
    if style == "json":
        return json.dumps(dict(values))
    if style == "dotenv":
        return "\n".join(f"{name}={_quoted(value)}" for name, value in values.items())
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def _twice(found: re.Match[str]) -> str:
    return found[0] * 2


def _quoted(value: str) -> str:
    """Bare where that is enough, because not everybody who reads such files knows quotes; else as python-dotenv and
    Compose read it."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = re.sub(r'([\\"])', r"\\\1", value)
    return f'"{escaped}"'
