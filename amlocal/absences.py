"""The parts of Azure ML that are not here: each answers 501 with a sentence, and stands in the coverage table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amlocal.web.http import ArmError, Request, Response

if TYPE_CHECKING:
    from amlocal.context import Context

# (path below the workspace, what it is)
AREAS = (
    ("batchEndpoints/{rest*}", "Batch endpoints"),
    ("batchEndpoints", "Batch endpoints"),
    ("schedules/{rest*}", "Schedules"),
    ("schedules", "Schedules"),
    ("components/{rest*}", "Components"),
    ("components", "Components"),
    ("connections/{rest*}", "Workspace connections"),
    ("connections", "Workspace connections"),
    ("featuresets/{rest*}", "Feature sets"),
    ("featuresets", "Feature sets"),
    ("serverlessEndpoints/{rest*}", "Serverless endpoints"),
    ("serverlessEndpoints", "Serverless endpoints"),
    ("outboundRules/{rest*}", "Managed networks"),
    ("outboundRules", "Managed networks"),
    ("diagnose", "Workspace diagnoses"),
)


def refuse(what: str) -> Callable[..., Response]:
    """A handler for a part of Azure ML that is not here: 501 and a sentence."""

    def answer(context: Context, request: Request, **parts: Any) -> Response:
        raise ArmError(501, "NotImplementedHere", f"{what} are not in amlocal yet.")

    answer.__doc__ = what
    return answer
