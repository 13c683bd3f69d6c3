"""The JSON form of Home."""

from dataclasses import asdict
from typing import Any

from portal.presenters.home import HomePage


def page(shown: HomePage) -> dict[str, Any]:
    return {"figures": asdict(shown.figures), "next_step": shown.next_step, "running": len(shown.running)}
