"""What Azure, the SDK or the network can answer badly, and `translate()`, the one edge where their errors become ours.

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from azure.core import exceptions as core

LONGEST_MESSAGE = 2000

_SECRETS = (
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), r"\1[token]"),
    (re.compile(r"(?i)(https?://[^\s?'\"<>]+)\?[^\s'\"<>)]*"), r"\1?[…]"),
    (re.compile(r"(?i)\b((?:sig|accountkey|sharedaccesssignature|password|client_?secret|secret)\s*[=:]\s*)[^\s&;,'\"]+"), r"\1[…]"),
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


@contextmanager
def translate() -> Iterator[None]:
    """Turn every foreign error raised inside into an AzureError, `from` it. Serves as a decorator, too."""
    try:
        yield
    except AzureError:
        raise
    except Exception as exc:
        found = translated(exc)
        if found is None:
            raise
        raise found from exc


def translated(exc: Exception) -> AzureError | None:
    """The AzureError for a foreign error; None when it is not Azure's doing (a mistake of ours, a time limit)."""
    root = _root(exc)
    if isinstance(root, core.HttpResponseError) and root.response is not None:
        return _from_core_response(root)
    if isinstance(root, core.ClientAuthenticationError):
        return _from_sign_in(root)
    if isinstance(root, core.ServiceRequestError | core.ServiceResponseError):
        is_late = isinstance(root, core.ServiceRequestTimeoutError | core.ServiceResponseTimeoutError)
        return AzureUnreachable("TimedOut" if is_late else "NoAnswer", str(root))
    if isinstance(root, requests.RequestException):
        return _from_requests(root)
    if isinstance(root, core.AzureError):
        return _from_sdk(root)
    return _from_unreadable(root)


def from_response(status: int, headers: Mapping[str, str], body: str) -> AzureError:
    """The error of an HTTP answer that is none of 2xx, by ARM's and the storage service's formats."""
    code, message = _code_and_message(status, headers, body)
    request_id = headers.get("x-ms-request-id") or headers.get("x-request-id") or ""
    if status == 429 or (status == 503 and retry_after(headers) is not None):
        return AzureThrottled(code, message, request_id, retry_after(headers))
    kinds = {401: AzureDenied, 403: AzureDenied, 404: AzureNotFound, 410: AzureNotFound, 409: AzureConflict, 412: AzureConflict}
    if status == 408:
        return AzureUnreachable(code, message, request_id)
    if status >= 500:
        return AzureFailed(code, message, request_id, retryable=True)
    return kinds.get(status, AzureRejected)(code, message, request_id)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Azure wants to be asked again: Retry-After (seconds or a date) or Azure's own headers in ms."""
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if headers.get(name):
            return float(headers[name]) / 1000
    given = headers.get("Retry-After") or headers.get("retry-after")
    if not given:
        return None
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def without_secrets(message: str) -> str:
    """The text with tokens, keys and the queries of URLs (SAS) cut out."""
    for pattern, instead in _SECRETS:
        message = pattern.sub(instead, message)
    return message
