"""A table of virtual machine sizes, as a region lists them, retired ones that samples name too. Public figures of
Azure's documentation; they count for quotas (quotas.py), and nothing limits what a job really uses."""

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
    Size("Standard_DS13_v2", "standardDSv2Family", 8, 56),
    Size("Standard_DS14_v2", "standardDSv2Family", 16, 112),
    Size("Standard_DS15_v2", "standardDSv2Family", 20, 140),
    Size("Standard_D1_v2", "standardDv2Family", 1, 3.5),
    Size("Standard_D2_v2", "standardDv2Family", 2, 7),
    Size("Standard_D3_v2", "standardDv2Family", 4, 14),
    Size("Standard_D4_v2", "standardDv2Family", 8, 28),
    Size("Standard_D5_v2", "standardDv2Family", 16, 56),
    Size("Standard_D11_v2", "standardDv2Family", 2, 14),
    Size("Standard_D12_v2", "standardDv2Family", 4, 28),
    Size("Standard_D13_v2", "standardDv2Family", 8, 56),
    Size("Standard_D14_v2", "standardDv2Family", 16, 112),
    Size("Standard_D15_v2", "standardDv2Family", 20, 140),
    Size("Standard_D11", "standardDFamily", 2, 14),
    Size("Standard_D12", "standardDFamily", 4, 28),
    Size("Standard_D13", "standardDFamily", 8, 56),
    Size("Standard_D14", "standardDFamily", 16, 112),
    Size("Standard_D2_v3", "standardDv3Family", 2, 8),
    Size("Standard_D4_v3", "standardDv3Family", 4, 16),
    Size("Standard_D8_v3", "standardDv3Family", 8, 32),
    Size("Standard_D16_v3", "standardDv3Family", 16, 64),
    Size("Standard_D2s_v3", "standardDSv3Family", 2, 8),
    Size("Standard_D4s_v3", "standardDSv3Family", 4, 16),
    Size("Standard_D8s_v3", "standardDSv3Family", 8, 32),
    Size("Standard_D16s_v3", "standardDSv3Family", 16, 64),
    Size("Standard_D32s_v3", "standardDSv3Family", 32, 128),
    Size("Standard_D64s_v3", "standardDSv3Family", 64, 256),
    Size("Standard_D2as_v4", "standardDASv4Family", 2, 8),
    Size("Standard_D4as_v4", "standardDASv4Family", 4, 16),
    Size("Standard_D8as_v4", "standardDASv4Family", 8, 32),
    Size("Standard_D16as_v4", "standardDASv4Family", 16, 64),
    Size("Standard_D2ds_v4", "standardDDSv4Family", 2, 8),
    Size("Standard_D4ds_v4", "standardDDSv4Family", 4, 16),
    Size("Standard_D8ds_v4", "standardDDSv4Family", 8, 32),
    Size("Standard_D16ds_v4", "standardDDSv4Family", 16, 64),
    Size("Standard_E2s_v3", "standardESv3Family", 2, 16),
    Size("Standard_E4s_v3", "standardESv3Family", 4, 32),
    Size("Standard_E8s_v3", "standardESv3Family", 8, 64),
    Size("Standard_E16s_v3", "standardESv3Family", 16, 128),
    Size("Standard_E32s_v3", "standardESv3Family", 32, 256),
    Size("Standard_E64s_v3", "standardESv3Family", 64, 432),
    Size("Standard_E2ds_v4", "standardEDSv4Family", 2, 16),
    Size("Standard_E4ds_v4", "standardEDSv4Family", 4, 32),
    Size("Standard_E8ds_v4", "standardEDSv4Family", 8, 64),
    Size("Standard_E16ds_v4", "standardEDSv4Family", 16, 128),
    Size("Standard_F2s_v2", "standardFSv2Family", 2, 4),
    Size("Standard_F4s_v2", "standardFSv2Family", 4, 8),
    Size("Standard_F8s_v2", "standardFSv2Family", 8, 16),
    Size("Standard_F16s_v2", "standardFSv2Family", 16, 32),
    Size("Standard_F32s_v2", "standardFSv2Family", 32, 64),
    Size("Standard_F64s_v2", "standardFSv2Family", 64, 128),
    Size("Standard_F72s_v2", "standardFSv2Family", 72, 144),
    Size("Standard_NC6", "standardNCFamily", 6, 56, 1),
    Size("Standard_NC12", "standardNCFamily", 12, 112, 2),
    Size("Standard_NC24", "standardNCFamily", 24, 224, 4),
    Size("Standard_NC24r", "standardNCFamily", 24, 224, 4),
    Size("Standard_NC6s_v2", "standardNCSv2Family", 6, 112, 1),
    Size("Standard_NC12s_v2", "standardNCSv2Family", 12, 224, 2),
    Size("Standard_NC24s_v2", "standardNCSv2Family", 24, 448, 4),
    Size("Standard_NC6s_v3", "standardNCSv3Family", 6, 112, 1),
    Size("Standard_NC12s_v3", "standardNCSv3Family", 12, 224, 2),
    Size("Standard_NC24s_v3", "standardNCSv3Family", 24, 448, 4),
    Size("Standard_NC24rs_v3", "standardNCSv3Family", 24, 448, 4),
    Size("Standard_NC4as_T4_v3", "standardNCASv3_T4Family", 4, 28, 1),
    Size("Standard_NC8as_T4_v3", "standardNCASv3_T4Family", 8, 56, 1),
    Size("Standard_NC16as_T4_v3", "standardNCASv3_T4Family", 16, 110, 1),
    Size("Standard_NC64as_T4_v3", "standardNCASv3_T4Family", 64, 440, 4),
    Size("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 220, 1),
    Size("Standard_NC48ads_A100_v4", "standardNCADSA100v4Family", 48, 440, 2),
    Size("Standard_NC96ads_A100_v4", "standardNCADSA100v4Family", 96, 880, 4),
    Size("Standard_NC40ads_H100_v5", "standardNCadsH100v5Family", 40, 320, 1),
    Size("Standard_NC80adis_H100_v5", "standardNCadsH100v5Family", 80, 640, 2),
    Size("Standard_ND40rs_v2", "standardNDSv2Family", 40, 672, 8),
    Size("Standard_ND96asr_v4", "standardNDASv4_A100Family", 96, 900, 8),
    Size("Standard_ND96amsr_A100_v4", "standardNDAMSv4_A100Family", 96, 1900, 8),
    Size("Standard_ND96isr_H100_v5", "standardNDSH100v5Family", 96, 1900, 8),
    Size("Standard_NV6", "standardNVFamily", 6, 56, 1),
    Size("Standard_NV12", "standardNVFamily", 12, 112, 2),
    Size("Standard_NV24", "standardNVFamily", 24, 224, 4),
    Size("Standard_NV12s_v3", "standardNVSv3Family", 12, 112, 1),
    Size("Standard_NV24s_v3", "standardNVSv3Family", 24, 224, 2),
    Size("Standard_NV48s_v3", "standardNVSv3Family", 48, 448, 4),
)
_BY_NAME = {size.name.lower(): size for size in SIZES}


def find(name: str) -> Size | None:
    return _BY_NAME.get(name.lower())


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
