"""Rules that every operation obeys before it is opened, whoever asks for it: a person, a token or a flow's step.

Rules about one kind of operation stand in its service. A policy here sees all of them; it raises Refused, or returns.
"""

from collections.abc import Callable

from django.db.models import Model

from accounts.models import User
from ops.errors import Refused
from ops.models.places import workspace_of

Policy = Callable[[str, Model, User | None], None]


def workspace_is_registered(kind: str, target: Model, by: User | None) -> None:
    """Nothing is begun in a workspace that was unregistered meanwhile. Raises Refused("workspace:unregistered")."""
    workspace = workspace_of(target)
    if workspace is not None and workspace.unregistered_at is not None:
        raise Refused("workspace:unregistered", name=workspace.name)


POLICIES: tuple[Policy, ...] = (workspace_is_registered,)


def check(kind: str, target: Model, by: User | None) -> None:
    """Ask every policy. Raises the first one's Refused."""
    for policy in POLICIES:
        policy(kind, target, by)
