"""ISO 8601 durations, as ARM spells times."""

from __future__ import annotations

import re

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")


def seconds(text: str | None) -> float | None:
    """Seconds of a duration such as PT1H30M; None when there is none, or it is 0 or cannot be read."""
    found = _DURATION.fullmatch(text or "")
    if found is None:
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest or None
