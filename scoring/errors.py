"""What can go wrong between a person's input and its answer, as codes with parameters. The sentences are elsewhere.

ScoringError(code, **params)
  x InputRefused     the input; nothing was sent. Each kind of prediction has its own below it, such as ImageRefused
  x SpecRefused      the model.json of a deployment; nothing was sent
  x EndpointAnswer   no usable answer from the endpoint
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["EndpointAnswer", "InputRefused", "ScoringError", "SpecRefused"]


class ScoringError(Exception):
    """A code from the class's own list, and what its sentence needs. Never carries a key or a request body."""

    codes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, code: str, **params: str | int | float) -> None:
        if code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {code!r}")
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{name}={value}" for name, value in self.params.items())])


class InputRefused(ScoringError):
    """The input cannot become the network's. Each kind of prediction has a class of its own below this, with codes."""


class SpecRefused(ScoringError):
    """A model.json that cannot be used."""

    codes = frozenset(
        {
            "spec_unreadable",  # reason: what is wrong, in English
            "format_unknown",  # format: the one asked for
            "kind_unknown",  # kind: the kind of prediction asked for
        }
    )


class EndpointAnswer(ScoringError):
    """The call was not answered with predictions. Where the endpoint said something, `message` has its first words."""

    codes = frozenset(
        {
            "busy",  # too many people wait for endpoints already; nothing was sent
            "slow",  # seconds: our own deadline
            "unreachable",  # reason: connection, tls, name or address
            "key_refused",  # 401, 403
            "no_deployment",  # 404: no deployment takes traffic, or the named one does not exist
            "too_slow",  # 408: the endpoint's own time limit
            "model_error",  # 424, and 400 and 422 from a scoring script: model_status, message
            "throttled",  # 429: retry_after in seconds, 0 when not said
            "answer_unreadable",  # reason: what is wrong, in English
            "server_error",  # status: anything else that is not 200
        }
    )
