"""Why a job fails, as run details show it: a code and a sentence. When a job fails is decided in executions.py and
runner.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KEPT_OF_LOG = 4000


@dataclass(frozen=True)
class Failure(Exception):
    """Why a job ends as Failed or, when Azure itself canceled it, as Canceled: a code and a sentence, as run details
    show them."""

    code: str
    message: str
    status: str = "Failed"


INTERNAL = Failure("InternalServerError", "amlocal itself failed while running this job; its log says where.")
INTERRUPTED = Failure("JobInterrupted", "amlocal was stopped while this job ran; its process was ended.")
NOT_STARTED = Failure("JobInterrupted", "amlocal ended while this job was being started.")


def of_deleted_compute(name: str) -> Failure:
    return Failure("UserError", f"The compute target '{name}' was deleted.")


def too_long(limit_seconds: float) -> Failure:
    """Documented: a job that reaches `limits.timeout` is canceled. Code and words are a guess."""
    sentence = f"The job was canceled because it ran longer than its limit of {limit_seconds:g} seconds."
    return Failure("JobTimeout", sentence, "Canceled")


def of_process(exit_code: int | None, command: str, log: Path, log_name: str) -> Failure | None:
    """What the end of a job's process tells; None when it ended well. `exit_code` None: it was killed before it could
    say."""
    if exit_code == 0:
        return None
    if exit_code is None:
        return Failure(
            "ProcessKilled", "Execution failed. The process was killed from outside, perhaps for lack of memory."
        )
    return Failure(
        "UserError",
        f"Execution failed. User process '{command.split()[0]}' exited with status code {exit_code}. "
        f"Please check log file '{log_name}' for error details. Error: {_read_end(log)}",
    )


def _read_end(log: Path) -> str:
    """The last traceback in a log, or its last lines."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - KEPT_OF_LOG))
        end = file.read().decode(errors="replace").strip()
    begin = end.rfind("Traceback (most recent call last)")
    return end[begin:] if begin >= 0 else "\n".join(end.splitlines()[-5:])
