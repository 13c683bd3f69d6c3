"""What the server hands to every handler: all parts, and no rules. application.py builds it."""

from __future__ import annotations

from dataclasses import dataclass

from amlocal.jobs.context import Context as JobsContext
from amlocal.serving.context import Context as ServingContext


@dataclass(frozen=True, kw_only=True)
class Context(JobsContext, ServingContext):
    """A handler takes this, or the smaller context of its own room."""
