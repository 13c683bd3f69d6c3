"""A table of virtual machine sizes, as a region lists them. Public figures of Azure's documentation; nothing here
limits what a job may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Size:
    """Memory and disk in Azure's own units: GB and MB."""

    name: str
    family: str
    cores: int
    memory_gb: float
    gpus: int = 0
    disk_mb: int = 102400


SIZES = (
    Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5),
    Size("Standard_DS2_v2", "standardDSv2Family", 2, 7),
    Size("Standard_DS3_v2", "standardDSv2Family", 4, 14),
    Size("Standard_DS4_v2", "standardDSv2Family", 8, 28),
    Size("Standard_DS5_v2", "standardDSv2Family", 16, 56),
    Size("Standard_DS11_v2", "standardDSv2Family", 2, 14),
    Size("Standard_DS12_v2", "standardDSv2Family", 4, 28),
    Size("Standard_D2_v2", "standardDv2Family", 2, 7),
    Size("Standard_D3_v2", "standardDv2Family", 4, 14),
    Size("Standard_D2s_v3", "standardDSv3Family", 2, 8),
    Size("Standard_D4s_v3", "standardDSv3Family", 4, 16),
    Size("Standard_D8s_v3", "standardDSv3Family", 8, 32),
    Size("Standard_D2as_v4", "standardDASv4Family", 2, 8),
    Size("Standard_D4as_v4", "standardDASv4Family", 4, 16),
    Size("Standard_E2s_v3", "standardESv3Family", 2, 16),
    Size("Standard_E4s_v3", "standardESv3Family", 4, 32),
    Size("Standard_E4ds_v4", "standardEDSv4Family", 4, 32),
    Size("Standard_F2s_v2", "standardFSv2Family", 2, 4),
    Size("Standard_F4s_v2", "standardFSv2Family", 4, 8),
    Size("Standard_F8s_v2", "standardFSv2Family", 8, 16),
    Size("Standard_NC6s_v3", "standardNCSv3Family", 6, 112, 1),
    Size("Standard_NC12s_v3", "standardNCSv3Family", 12, 224, 2),
    Size("Standard_NC4as_T4_v3", "standardNCASv3_T4Family", 4, 28, 1),
    Size("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 220, 1),
    Size("Standard_ND96asr_v4", "standardNDASv4_A100Family", 96, 900, 8),
)
_BY_NAME = {size.name.lower(): size for size in SIZES}


def find(name: str) -> Size | None:
    return _BY_NAME.get(name.lower())


def cores_of(name: str) -> int:
    size = find(name)
    return size.cores if size else 0


def to_arm(size: Size, region: str) -> dict[str, Any]:
    return {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "osVhdSizeMB": 1047552,
        "maxResourceVolumeMB": size.disk_mb,
        "memoryGB": size.memory_gb,
        "lowPriorityCapable": True,
        "premiumIO": "s" in size.name.partition("_")[2].lower(),
        "supportedComputeTypes": ["AmlCompute"],
    }
