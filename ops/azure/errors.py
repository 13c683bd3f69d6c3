"""What can go wrong on the way to Azure and there. How foreign errors become these: `ops.azure.edge`.

AzureError(code, message, request_id, retryable)
  x AzureUnreachable   no answer: refused, dropped, timed out                              retryable
  x AzureThrottled     429 or a busy 503; `retry_after` seconds, None when Azure named none  retryable
  x AzureDenied        401, 403, or no token to be had
  x AzureNotFound      404, 410
  x AzureConflict      409, 412
  x AzureRejected      the other 4xx, and what the SDK refuses before it sends
  x AzureFailed        5xx (retryable), and answers nobody can read
"""

from __future__ import annotations

import re

LONGEST_MESSAGE = 2000

_SECRETS = (
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), r"\1[token]"),
    (re.compile(r"(?i)(https?://[^\s?'\"<>]+)\?[^\s'\"<>)]*"), r"\1?[…]"),
    (re.compile(r"(?i)\b((?:sig|accountkey|sharedaccesssignature|password|secret)\s*[=:]\s*)[^\s&;,'\"]+"), r"\1[…]"),
)


class AzureError(Exception):
    """Anything that went wrong on the way to Azure or there. `message` is Azure's own sentence, free of secrets."""

    is_retryable = False

    def __init__(self, code: str, message: str, request_id: str = "", retryable: bool | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = without_secrets(message)[:LONGEST_MESSAGE]
        self.request_id = request_id
        self.retryable = self.is_retryable if retryable is None else retryable
        self.args = (self.code, self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" (request {self.request_id})" if self.request_id else "")


class AzureUnreachable(AzureError):
    """No answer came: nothing is known about whether the request was carried out."""

    is_retryable = True


class AzureThrottled(AzureError):
    """Too many calls. `retry_after` is in seconds; None when Azure did not say."""

    is_retryable = True

    def __init__(self, code: str, message: str, request_id: str = "", retry_after: float | None = None) -> None:
        super().__init__(code, message, request_id)
        self.retry_after = retry_after


class AzureDenied(AzureError):
    """The identity could not sign in, or may not do this."""


class AzureNotFound(AzureError):
    """There is no such thing."""


class AzureConflict(AzureError):
    """The thing exists already, or another operation holds it."""


class AzureRejected(AzureError):
    """Azure or the SDK found the request wrong: sending it again will not help."""


class AzureFailed(AzureError):
    """Azure itself failed, or its answer cannot be read."""


def without_secrets(message: str) -> str:
    """The text with tokens, keys and the queries of URLs (SAS) cut out."""
    for pattern, instead in _SECRETS:
        message = pattern.sub(instead, message)
    return message
