"""What a step may return and how a flow is declared. The engine gives these their meaning."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from ops.azure.connections import Connection
from ops.models import Operation

# A step's hard time limit. The lease is longer by MARGIN: a worker killed with -9 holds a step up for their sum.
LIMIT_SECONDS = 40
LEASE_MARGIN_SECONDS = 8


@dataclass(frozen=True)
class Next:
    """The step is done. ``poll_url`` of what it began in Azure is kept for the step that follows, "" clears it."""

    poll_url: str = ""


@dataclass(frozen=True)
class Wait:
    """Run the same step again in ``seconds``; ``phase`` is a code from ``ops.messages`` that says what goes on."""

    seconds: float
    phase: str = ""


@dataclass(frozen=True)
class Resume:
    """What a reconciliation answers: the step to go on from when Azure has done what was asked, else None."""

    work: "Work | None" = None


@dataclass(frozen=True)
class Start:
    """Open another operation about ``target`` and go on with the next step, both in one transaction.

    It goes through ``ops.opening`` as a person's request does: a policy may refuse it, which fails this operation;
    while the target's lock is held by somebody else, this step runs again later.
    """

    kind: Operation.Kind
    target: Model
    plan: dict[str, Any] = field(default_factory=dict)
    lock_key: str = ""


Work = Callable[[Operation, Connection], Next | Wait | Resume | Start]
# Writes the targets' rows in the transaction that ends the operation: no network here.
Ending = Callable[[Operation, str, dict[str, Any]], None]


def nothing(operation: Operation, code: str, params: dict[str, Any]) -> None:
    """The ending of a flow whose failure changes no row but the operation's."""


def unknown(operation: Operation, azure: Connection) -> Resume:
    """The reconciliation of a flow whose outcome Azure does not show."""
    return Resume()


def keep(operation: Operation, azure: Connection) -> Next:
    """The undoing of a flow that has made nothing worth taking back."""
    return Next()


@dataclass(frozen=True)
class Step:
    """``work`` is safe to run twice; its function's name is the step's name in rows, events and texts."""

    work: Work
    limit_seconds: int = LIMIT_SECONDS
    alias: str = ""

    @property
    def name(self) -> str:
        return self.alias or self.work.__name__


@dataclass(frozen=True)
class Flow:
    """``attempts`` bounds the tries of one step that Azure does not answer.

    A cancel request is heard until the step ``no_cancel_from``; ``undo`` then takes back what was begun.
    """

    steps: tuple[Step, ...]
    on_failed: Ending = nothing
    on_cancelled: Ending = nothing
    reconcile: Work = unknown
    undo: Work = keep
    no_cancel_from: Work | None = None
    attempts: int = 12

    def named(self, name: str) -> Step:
        """The step of that name; the first one for "" and for a name of an older release."""
        return next((step for step in self.steps if step.name == name), self.steps[0])

    def after(self, name: str) -> Step | None:
        """The step that follows, None after the last."""
        position = self.steps.index(self.named(name)) + 1
        return self.steps[position] if position < len(self.steps) else None

    def hears_cancel_at(self, name: str) -> bool:
        """Whether a cancel request still stops the operation before the step of that name."""
        names = ["", *(step.name for step in self.steps)]
        if self.no_cancel_from is None or name not in names:
            return self.no_cancel_from is None
        return names.index(name) < names.index(self.no_cancel_from.__name__)
