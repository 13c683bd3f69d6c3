"""Reads an operation again and again until it is over; its failure ends the demo with a sentence."""

import time
from typing import Any

from launch.console import Problem
from launch.demo.api_client import sentence
from launch.demo.session import DemoSession

__all__ = ["POLL_SECONDS", "finish", "raise_failure", "sentence"]

POLL_SECONDS = 0.4


def finish(session: DemoSession, operation: dict[str, Any], minutes: float) -> None:
    """Report each step until the operation has succeeded. Raises Problem when it fails, or after the time."""
    give_up, step = time.monotonic() + minutes * 60, ""
    while time.monotonic() < give_up:
        operation = session.api.get(f"operations/{operation['id']}")
        raise_failure(operation)
        if operation["is_final"]:
            return
        if operation["step"] and operation["step"] != step:
            step = operation["step"]
            session.report(f"  {_label(operation)}")
        time.sleep(POLL_SECONDS)
    raise Problem(f"{operation['label']} is not over after {minutes} minutes; it goes on without the demo.")


def raise_failure(operation: dict[str, Any]) -> None:
    """Raises Problem when the operation ended badly."""
    if operation["is_final"] and operation["state"] != "succeeded":
        raise Problem(
            f"{operation['label']} {operation['state']}: {sentence(operation['error'])} See {operation['url']}."
        )


def _label(operation: dict[str, Any]) -> str:
    labels = {step["name"]: step["label"] for step in operation["steps"]}
    return str(labels.get(operation["step"], operation["step"]))
