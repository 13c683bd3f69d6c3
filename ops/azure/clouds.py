"""Which Azure this process speaks to. One process, one cloud: MLClient keeps its choice in os.environ."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

import requests

from ops.azure import edge, sdk
from ops.azure.errors import AzureFailed, AzureRejected

AZURE = ("AzureCloud", "AzureChinaCloud", "AzureUSGovernment")
LOCAL = "local"


@dataclass(frozen=True)
class Cloud:
    """`name` as the SDK knows it, ARM's URL without a slash at its end, and where to sign in."""

    name: str
    arm_url: str
    authority: str

    @property
    def scope(self) -> str:
        """What tokens for ARM are asked for."""
        return f"{self.arm_url}/.default"


def of_process(wanted: str) -> Cloud:
    """The process's cloud, if it is the wanted one: one of AZURE, or LOCAL for what ARM_CLOUD_METADATA_URL describes.

    Raises AzureRejected when it is another one.
    """
    name = os.environ.get(sdk.CLOUD_VARIABLE) or AZURE[0]
    is_local = name not in AZURE
    if is_local != (wanted == LOCAL) or (not is_local and name != wanted):
        raise AzureRejected("WrongCloud", f"This process speaks to the cloud {name}, not to {wanted}.")
    sdk.load()
    from azure.ai.ml import _azure_environments as environments

    if is_local:
        environments._environments[name] = _described(name, os.environ.get("ARM_CLOUD_METADATA_URL", ""))
    return _cloud(name, environments._get_cloud_details(name))


@functools.lru_cache(maxsize=8)
def _described(name: str, url: str) -> dict[str, str]:
    """The local cloud by its own description. The SDK would ask for it some fifty times a job, and take any failure
    to read it for "the real Azure"; it is read once here and told to the SDK."""
    if not url:
        raise AzureRejected("NoCloudMetadata", f"ARM_CLOUD_METADATA_URL must say where the cloud {name} is described.")
    from azure.ai.ml import _azure_environments as environments

    answer = requests.get(url, timeout=(sdk.CONNECT_SECONDS, sdk.READ_SECONDS))
    if not answer.ok:
        raise edge.from_answer(answer.status_code, answer.headers, answer.text)
    known: dict[str, dict[str, str]] = environments._convert_arm_to_cli(answer.json())
    if name not in known:
        raise AzureFailed("UnknownCloud", f"{url} does not describe the cloud {name}.")
    return known[name]


def _cloud(name: str, details: dict[str, str]) -> Cloud:
    authority = details["active_directory"].removeprefix("https://").strip("/")
    return Cloud(name, details["resource_manager"].rstrip("/"), authority)


def answers() -> bool:
    """Whether the local cloud describes itself right now; False where there is none."""
    url = os.environ.get("ARM_CLOUD_METADATA_URL", "")
    try:
        return bool(url) and requests.get(url, timeout=sdk.CONNECT_SECONDS).ok
    except requests.RequestException:
        return False
