"""Writes events: what happened to a target, by whom. Rows are only ever added."""

from typing import Any

from django.db.models import Model

from accounts.models import Team, User
from ops.models import Event, Operation
from ops.models.places import team_of, workspace_of
from ops.models.targets import target_columns


def record(
    target: Model,
    verb: Event.Verb,
    *,
    by: User | None,
    team: Team | None = None,
    **params: Any,
) -> Event:
    """Write that ``by`` did ``verb`` to ``target``. ``team`` is needed for a target that has none, such as a person."""
    return Event.objects.create(
        team=team or team_of(target),
        workspace=workspace_of(target),
        verb=verb,
        by=by,
        params=params,
        **target_columns(target),
    )


def record_of_operation(
    operation: Operation,
    verb: Event.Verb,
    code: str = "",
    params: dict[str, Any] | None = None,
    by: User | None = None,
) -> Event:
    """Write one line of an operation's history, about its present state and step."""
    return Event.objects.create(
        team_id=operation.team_id,
        workspace_id=operation.workspace_id,
        operation=operation,
        target_type=operation.target_type,
        target_id=operation.target_id,
        target_name=operation.target_name,
        verb=verb,
        state=operation.state,
        step=operation.step,
        code=code,
        params=params or {},
        by=by,
    )


def record_of_operation_once(
    operation: Operation, verb: Event.Verb, code: str, params: dict[str, Any] | None = None
) -> None:
    """Write the line unless the last one of its verb in this step says the same: a poll that repeats is no news."""
    last = operation.events.filter(verb=verb, step=operation.step).order_by("-pk").first()
    if last is None or last.code != code:
        record_of_operation(operation, verb, code, params)
