"""How an endpoint's calls are shared among its deployments: live, and mirrored to a shadow. Azure's rules for both; the
calls themselves are in scoring.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amlocal.web.http import ArmError

# Documented for managed endpoints.
MOST_MIRRORED = 50


def read_live(endpoint: str, deployments: Mapping[str, str], asked: Any) -> dict[str, int]:
    """Deployment to whole percent, that sum to 0 or 100. `deployments`: names as they are by names in lower case.
    Raises ArmError 400."""
    traffic = _read(endpoint, deployments, asked, "traffic", 100)
    if sum(traffic.values()) not in (0, 100):
        sentence = f"The traffic of all deployments must sum to 0 or 100, not {sum(traffic.values())}."
        raise ArmError(400, "BadArgument", sentence)
    return traffic


def read_mirrored(
    endpoint: str, deployments: Mapping[str, str], asked: Any, live: Mapping[str, int], *, is_managed: bool
) -> dict[str, int]:
    """One deployment without live traffic to percent, or nothing. Raises ArmError 400."""
    mirrored = _read(endpoint, deployments, asked, "mirror traffic", MOST_MIRRORED)
    if mirrored and not is_managed:
        raise ArmError(400, "BadArgument", "Mirror traffic is not supported by Kubernetes online endpoints.")
    if len(mirrored) > 1:
        sentence = "Traffic can be mirrored to one deployment of an endpoint, not to " + ", ".join(mirrored) + "."
        raise ArmError(400, "BadArgument", sentence)
    for name, share in mirrored.items():
        if share and live.get(name):
            sentence = f"The deployment '{name}' can get live traffic or mirrored traffic, not both."
            raise ArmError(400, "BadArgument", sentence)
    return mirrored


def without(properties: dict[str, Any], deployment: str) -> None:
    """A deployment goes: what is left of the live traffic still sums to 100, or nothing gets any."""
    left = {name: share for name, share in properties["traffic"].items() if name.lower() != deployment.lower()}
    properties["traffic"] = left if sum(left.values()) == 100 else {}
    mirrored = properties.get("mirrorTraffic") or {}
    properties["mirrorTraffic"] = {
        name: share for name, share in mirrored.items() if name.lower() != deployment.lower()
    }


def _read(endpoint: str, deployments: Mapping[str, str], asked: Any, what: str, most: int) -> dict[str, int]:
    if not isinstance(asked, dict):
        raise ArmError(400, "BadArgument", f"The {what} must be an object of deployments and percents.")
    shares = {}
    for name, share in asked.items():
        found = deployments.get(str(name).lower())
        if found is None:
            raise ArmError(400, "BadArgument", f"The endpoint '{endpoint}' has no deployment '{name}'.")
        if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= most:
            sentence = f"The {what} of '{name}' must be a whole number from 0 to {most}."
            raise ArmError(400, "BadArgument", sentence)
        shares[found] = share
    return shares
