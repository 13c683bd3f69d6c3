"""What pages show of operations: steps with durations, the thing they work on, the story of events."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from ops import messages
from ops.messages import Explanation, explained
from ops.models import Event, Operation
from portal.presenters.targets import Target, target_of

DONE, NOW, TODO, FAILED, STOPPED = "done", "now", "todo", "failed", "stopped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as ``_steps.html`` draws it; ``note`` says what it waits for."""

    name: str
    label: str
    state: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an operation's story."""

    at: datetime
    by: str
    text: str
    detail: str
    kind: str


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One row of the list."""

    operation: Operation
    url: str
    target: Target
    workspace: str
    who: str


@dataclass(frozen=True, slots=True)
class OperationPage:
    """One operation with its steps and its story."""

    operation: Operation
    error: Explanation | None
    steps: list[Step]
    story: list[Line]
    target_label: str
    target_url: str
    is_live: bool
    may_write: bool
    may_retry: bool


def row(operation: Operation) -> OperationRow:
    """Return what the list shows of the operation."""
    return OperationRow(
        operation=operation,
        url=reverse("operations:detail", args=[operation.public_id]),
        target=target_of(operation),
        workspace=operation.workspace.name if operation.workspace else "",
        who=str(operation.requested_by or ""),
    )


def page(operation: Operation, may_write: bool) -> OperationPage:
    """Return what the operation's page shows: two queries."""
    about = target_of(operation)
    return OperationPage(
        operation=operation,
        error=explained(operation),
        steps=steps(operation),
        story=story(operation),
        target_label=about.label,
        target_url=about.url,
        is_live=not operation.is_final,
        may_write=may_write,
        may_retry=operation.is_final and operation.state != Operation.State.SUCCEEDED,
    )


def steps(operation: Operation) -> list[Step]:
    """The steps in their order, read from the flow's table and from the events: one query."""
    begun: dict[str, datetime] = {}
    notes: dict[str, str] = {}
    for event in operation.events.exclude(step=""):
        if event.verb == Event.Verb.STEP:
            begun.setdefault(event.step, event.at)
        elif event.verb in (Event.Verb.WAITING, Event.Verb.PHASE):
            notes[event.step] = _sentence(operation, event)
    names = list(messages.STEPS.get(operation.kind, {}))
    names += [name for name in (*begun, operation.step) if name and name not in names]
    names = list(dict.fromkeys(names))
    ends = _ends(operation, begun)
    return [
        Step(
            name,
            messages.step_label(operation.kind, name),
            _state(operation, name, begun),
            begun.get(name),
            ends.get(name),
            notes.get(name, "") if name == operation.step and not operation.is_final else "",
        )
        for name in names
    ]


def story(operation: Operation) -> list[Line]:
    """Everything written down about the operation, oldest first: one query."""
    return [
        Line(event.at, str(event.by or ""), _sentence(operation, event), _detail(event), event.verb)
        for event in operation.events.select_related("by")
    ]


def _ends(operation: Operation, begun: dict[str, datetime]) -> dict[str, datetime | None]:
    """A step ends when the next one begins, the last one with the operation."""
    in_order = sorted(begun, key=lambda name: begun[name])
    ends: list[datetime | None] = [begun[name] for name in in_order[1:]]
    return dict(zip(in_order, [*ends, operation.finished_at], strict=False))


def _state(operation: Operation, name: str, begun: dict[str, datetime]) -> str:
    if name == operation.step and not operation.is_final:
        return NOW
    if operation.state == Operation.State.SUCCEEDED:
        return DONE if name in begun else STOPPED
    if name == operation.step:
        return STOPPED if operation.state == Operation.State.CANCELLED else FAILED
    return DONE if name in begun else TODO


def _detail(event: Event) -> str:
    """Azure's own words, where there are any."""
    return str(event.params.get("message", ""))


def _sentence(operation: Operation, event: Event) -> str:
    if event.code and event.code in messages.TEXTS:
        explanation = messages.of(event.code, event.params)
        return explanation.sentence if event.verb == Event.Verb.PHASE else explanation.title
    match event.verb:
        case Event.Verb.REQUESTED:
            return _("Requested")
        case Event.Verb.STATE:
            return str(Operation.State(event.state).label) if event.state in Operation.State.values else event.state
        case Event.Verb.STEP:
            return messages.step_label(operation.kind, event.step)
    return event.code or messages.step_label(operation.kind, event.step)
