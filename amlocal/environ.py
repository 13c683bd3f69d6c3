"""The variables that point an unchanged SDK script at amlocal, and how shells spell them."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from amlocal.settings import CLOUD, Settings

FORMATS = ("sh", "powershell", "dotenv", "json")
LOCAL_HOSTS = ("localhost", "127.0.0.1")


def variables(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Everything a client needs; MSI_SECRET is a secret. A proxy of the user's stays, but not for this host."""
    without_proxy = [host for host in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",") if host]
    without_proxy += [host for host in (*LOCAL_HOSTS, settings.public_host) if host not in without_proxy]
    return {
        "ARM_CLOUD_METADATA_URL": f"{settings.public_url}/metadata/endpoints",
        "AZUREML_CURRENT_CLOUD": CLOUD,
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
        return "\n".join(f"$Env:{name} = '{_double(value)}'" for name, value in values.items())
    if style == "json":
        return json.dumps(dict(values))
    if style == "dotenv":
        return "\n".join(f"{name}={value}" for name, value in values.items())
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def _double(value: str) -> str:
    return value.replace("'", "''")
