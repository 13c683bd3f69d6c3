"""The one edge where errors of the SDK, of azure-core and of requests become ours: `with translate():`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from azure.core import exceptions as core

from ops.azure.errors import (
    LONGEST_MESSAGE,
    AzureConflict,
    AzureDenied,
    AzureError,
    AzureFailed,
    AzureNotFound,
    AzureRejected,
    AzureThrottled,
    AzureUnreachable,
    without_secrets,
)

_KINDS: dict[int, type[AzureError]] = {
    401: AzureDenied,
    403: AzureDenied,
    404: AzureNotFound,
    408: AzureUnreachable,
    409: AzureConflict,
    410: AzureNotFound,
    412: AzureConflict,
}
_NETWORK = (
    core.ServiceRequestError,
    core.ServiceResponseError,
    core.IncompleteReadError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
_TIMEOUTS = (core.ServiceRequestTimeoutError, core.ServiceResponseTimeoutError, requests.Timeout)
# What foreign code raises when half an answer arrives, or one of another shape than it expects.
_UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_FOREIGN_MODULES = ("azure.", "requests.", "urllib3.", "msal.", "msrest.", "isodate.", "marshmallow.", "json.")


@contextmanager
def translate() -> Iterator[None]:
    """Turn every foreign error raised inside into an AzureError, `from` it. Serves as a decorator, too."""
    try:
        yield
    except AzureError:
        raise
    except Exception as exc:
        found = _translated(exc)
        if found is None:
            raise
        raise found from exc


def from_answer(status: int, headers: Mapping[str, str], body: str) -> AzureError:
    """The error of an HTTP answer that is not 2xx, in ARM's, the data plane's or the storage service's format."""
    code, message = _code_and_message(status, headers, body)
    request_id = headers.get("x-ms-request-id") or headers.get("x-request-id") or ""
    wait = retry_after(headers)
    if status == 429 or (status == 503 and wait is not None):
        return AzureThrottled(code, message, request_id, wait)
    if status >= 500:
        return AzureFailed(code, message, request_id, retryable=True)
    return _KINDS.get(status, AzureRejected)(code, message, request_id)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Azure wants to be asked again: Retry-After (seconds or a date) or Azure's own headers in ms."""
    try:
        for name in ("retry-after-ms", "x-ms-retry-after-ms"):
            if name in headers:
                return float(headers[name]) / 1000
        given = headers.get("Retry-After", "")
        if given.strip().replace(".", "", 1).isdigit():
            return float(given)
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()) if given else None
    except (TypeError, ValueError):
        return None


def whole_message(error: Mapping[str, Any]) -> str:
    """The message of an ARM error with those of its details, which often say more."""
    details = [str(detail.get("message") or "") for detail in error.get("details") or [] if isinstance(detail, dict)]
    message = str(error.get("message") or "")
    whole = " ".join([message, *[detail for detail in details if detail not in message]]).strip()
    return without_secrets(whole)[:LONGEST_MESSAGE]


def _translated(exc: Exception) -> AzureError | None:
    """None for what is not Azure's doing: a mistake of ours, a task's time limit."""
    root = _root(exc)
    if isinstance(root, core.HttpResponseError) and root.response is not None:
        return _from_response_error(root)
    if isinstance(root, _NETWORK):
        return AzureUnreachable("TimedOut" if isinstance(root, _TIMEOUTS) else "NoAnswer", str(root))
    if isinstance(root, core.ClientAuthenticationError):
        return AzureDenied("SignInFailed", root.message)
    if isinstance(root, core.HttpResponseError | core.DecodeError | requests.RequestException):
        return AzureFailed("UnreadableAnswer", str(root), retryable=True)
    if isinstance(root, core.AzureError):
        return AzureRejected(type(root).__name__, str(root.message))
    if isinstance(root, _UNREADABLE) and _raised_by_foreign_code(root):
        return AzureFailed("UnreadableAnswer", f"{type(root).__name__}: {root}", retryable=True)
    return None


def _root(exc: BaseException) -> BaseException:
    """The error that says most: the SDK wraps HTTP and network errors in its own, sometimes in a bare Exception."""
    seen: BaseException | None = exc
    while seen is not None:
        if isinstance(seen, _NETWORK) or (isinstance(seen, core.HttpResponseError) and seen.response is not None):
            return seen
        context = seen.__context__ if isinstance(seen, core.AzureError) else None
        seen = seen.__cause__ or context
    return exc


def _from_response_error(exc: core.HttpResponseError) -> AzureError:
    response: Any = exc.response
    if 200 <= response.status_code < 300:
        return AzureFailed("UnreadableAnswer", str(exc), response.headers.get("x-ms-request-id", ""), retryable=True)
    return from_answer(response.status_code, response.headers, _body(exc))


def _body(exc: core.HttpResponseError) -> str:
    """The answer's text; a streamed one may be gone, then azure-core has kept its own reading of it."""
    try:
        return str(exc.response.text())  # type: ignore[union-attr]
    except (core.AzureError, UnicodeDecodeError):
        return exc.message


def _code_and_message(status: int, headers: Mapping[str, str], body: str) -> tuple[str, str]:
    code = headers.get("x-ms-error-code") or f"Http{status}"
    try:
        content: Any = json.loads(body)
    except ValueError:
        xml = re.search(r"<Message>(.*?)</Message>", body, re.DOTALL)
        return code, (xml[1] if xml else body).strip() or f"Azure answered with status {status}."
    error = content.get("error", content) if isinstance(content, dict) else content
    if not isinstance(error, dict):
        return code, str(error)
    found = str(error.get("code") or content.get("error_code") or code)
    message = whole_message(error) or str(content.get("error_description") or "")
    return found, message or f"Azure answered with status {status}."


def _raised_by_foreign_code(exc: BaseException) -> bool:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith(_FOREIGN_MODULES)
