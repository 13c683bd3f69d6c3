"""Azure's words into ours, at the one place that knows both. No calls here.

Azure's states: ARM's `provisioningState` of endpoints and deployments, the `status` of an asynchronous operation
(https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ops.azure.facts import PollStatus, ResourceState

_RESOURCE_STATES: dict[str, ResourceState] = {
    "creating": "creating",
    "accepted": "creating",
    "updating": "updating",
    "scaling": "updating",
    "running": "updating",
    "deleting": "deleting",
    "succeeded": "ready",
    "failed": "failed",
    "canceled": "failed",
}
_POLL_STATUSES: dict[str, PollStatus] = {"succeeded": "succeeded", "failed": "failed", "canceled": "cancelled"}
_AUTH_MODES = {"key": "key", "amltoken": "aml_token", "aadtoken": "aad_token"}


def resource_state(provisioning_state: object) -> ResourceState:
    """Our word for a provisioningState. One we do not know is not yet an end: "updating"."""
    return _RESOURCE_STATES.get(text(provisioning_state).lower(), "updating")


def poll_status(status: object) -> PollStatus:
    """Our word for an asynchronous operation's status; ARM's rule: whatever is not an end is still running."""
    return _POLL_STATUSES.get(text(status).lower(), "running")


def auth_mode(mode: object) -> str:
    """key, aml_token or aad_token for ARM's Key, AMLToken and AADToken."""
    return _AUTH_MODES.get(text(mode).lower(), text(mode))


def text(value: object) -> str:
    """Plain text of an SDK value: an enum's value, "" for None."""
    if value is None:
        return ""
    return str(getattr(value, "value", value))


def texts(values: object) -> dict[str, str]:
    """Tags or properties as plain text; Azure drops no key, the SDK may answer None."""
    return {str(key): text(value) for key, value in dict(values or {}).items()}  # type: ignore[call-overload]


def time(value: object) -> datetime | None:
    """An aware time of the SDK's datetime or of ISO 8601 text with up to seven decimals; None when there is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def milliseconds(value: Any) -> datetime:
    """An aware time of MLflow's milliseconds since 1970."""
    return datetime.fromtimestamp(int(value) / 1000, UTC)


def number(value: Any) -> float | None:
    """A metric's value; MLflow sends NaN and the infinities as text, and they become None."""
    found = float(value)
    return found if math.isfinite(found) else None
