"""Reads a page again and again until it says what is waited for; an operation's failure ends that at once."""

import time
from collections.abc import Callable
from typing import Any

from launch.console import Problem
from launch.demo.session import DemoSession

POLL_SECONDS = 0.4


def wait_until(
    session: DemoSession, path: str, part: str, is_there: Callable[[dict[str, Any]], bool], minutes: float
) -> dict[str, Any]:
    """Read the page until it is so. Raises Problem when the part (an operation) has failed, or after the time."""
    give_up = time.monotonic() + minutes * 60
    step = ""
    while time.monotonic() < give_up:
        page = session.browser.read(path)
        if page.get(part) and is_there(page):
            return page
        raise_failure(page, "operation")
        operation = page.get("operation") or {}
        if not operation.get("is_final", True) and operation.get("step") and operation["step"] != step:
            step = operation["step"]
            session.report(f"  {_label(operation)}")
        time.sleep(POLL_SECONDS)
    raise Problem(f"{path} did not get there within {minutes} minutes; it may still, without the demo.")


def raise_failure(page: dict[str, Any], part: str) -> None:
    operation = page.get(part) or {}
    if operation.get("state") in ("failed", "lost_track", "cancelled"):
        raise Problem(
            f"{operation['label']} {operation['state']}: {sentence(operation['error'])} See {operation['url']}."
        )


def sentence(error: dict[str, Any] | None) -> str:
    return " ".join(str(error[key]) for key in ("sentence", "next") if error.get(key)) if error else ""


def _label(operation: dict[str, Any]) -> str:
    labels = {step["name"]: step["label"] for step in operation.get("steps", [])}
    return str(labels.get(operation["step"], operation["step"]))
