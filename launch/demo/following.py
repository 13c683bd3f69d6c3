"""Follows a run as its page does: status changes, log lines and the first point of a metric."""

import time
from typing import Any

from launch.console import Problem, say
from launch.demo import polling
from launch.demo.session import DemoSession

LOG_TAIL_SECONDS = 2.0  # the last lines may be mirrored a moment after the last status
TRAIN_MINUTES = 60


def follow(session: DemoSession, run_id: str) -> dict[str, Any]:
    """Return the run once it is final and its log is whole. Raises Problem when its submission fails."""
    path = f"jobs/{run_id}"
    shown, offset, has_metric, grown = 0, 0, False, time.monotonic()
    give_up = time.monotonic() + TRAIN_MINUTES * 60
    while time.monotonic() < give_up:
        run: dict[str, Any] = session.api.get(path)
        for change in run["status_changes"][shown:]:
            session.report(f"  {change['status']}")
        shown = len(run["status_changes"])
        if run["operation"]:
            polling.raise_failure(run["operation"])
        if not has_metric:
            has_metric = _report_first_metric(session, path)
        log = session.api.get(f"{path}/log", offset=offset)
        for line in log["text"].splitlines():
            say(f"             | {line}")
        grown = time.monotonic() if log["text"] else grown
        offset = log["next_offset"]
        if run["is_final"] and time.monotonic() - grown > LOG_TAIL_SECONDS:
            return run
        time.sleep(polling.POLL_SECONDS)
    raise Problem(f"The run has not ended within {TRAIN_MINUTES} minutes; it goes on without the demo.")


def _report_first_metric(session: DemoSession, path: str) -> bool:
    series = [line for line in session.api.get(f"{path}/metrics")["series"] if line["points"]]
    if not series:
        return False
    line = max(series, key=lambda line: line["key"] == "val_accuracy")
    step, value = line["points"][0][:2]
    session.report(
        f"  first point on the page: {line['key']} {value:.4f} of epoch {step}; {len(line['points'])} seen so far"
    )
    return True
