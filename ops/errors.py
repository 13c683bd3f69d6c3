"""What can go wrong in the domain. Texts live in ``ops.messages``; rows store ``code`` and ``params``.

OpsError(code, **params)
  x Refused               the person may not, or not now; nothing was changed
    + OperationInProgress another operation is open on the same thing
    + NameTaken           the name belongs to somebody else's thing
    + TrafficNotWhole     percentages do not sum to 100
    + WrongState         the thing has to be finished (or still running) first
    + InvalidParameter    one value of a form breaks a rule; ``field`` says which
  x LostTrack             Azure's outcome could not be learnt before the deadline
"""

from typing import Any


class OpsError(Exception):
    """An expected failure: ``code`` names its text in ``ops.messages``, ``params`` (JSON values) fill it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return self.code


class Refused(OpsError):
    """The person may not do this, or not now; nothing was changed."""


class OperationInProgress(Refused):
    """Another operation is open on the same thing; ``who``, ``what`` and ``operation`` say which."""


class NameTaken(Refused):
    """The name belongs to a thing that this portal did not make."""


class TrafficNotWhole(Refused):
    """The percentages of an endpoint's deployments do not sum to 0 or 100."""


class WrongState(Refused):
    """The thing is in the wrong state for this: still running, or already over."""


class InvalidParameter(Refused):
    """One given value breaks a rule; ``field`` names it."""

    def __init__(self, code: str, field: str, **params: Any) -> None:
        super().__init__(code, field=field, **params)
        self.field = field


class LostTrack(OpsError):
    """The deadline passed and Azure's outcome could not be learnt."""
