"""Posts one request to an endpoint's scoring URL over pooled HTTPS and says in a code what went wrong.

Knows no pictures, no formats and no database; fetches and renews no keys, and never tries twice by itself.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import urllib3

from scoring.errors import EndpointAnswer

DEADLINE_SECONDS = 30.0
"""From the call to the last byte of the answer: what a person at a page is asked to wait at most."""

CONNECT_SECONDS = 5.0

MAX_ANSWER_BYTES = 4_000_000
MESSAGE_CHARACTERS = 500

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What Azure takes as x-ms-client-request-id."""

_deadline = threading.local()


@dataclass(frozen=True, slots=True)
class Answer:
    """A 200. `deployment` is the one that answered, as the endpoint says, else the one asked for."""

    body: bytes = field(repr=False)
    latency_ms: float
    request_id: str
    deployment: str


class Client:
    """Pooled connections for one set of trusted authorities. Shared between threads, made once a process."""

    def __init__(
        self,
        *,
        ca_file: Path | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        max_waiting: int = 4,
    ) -> None:
        """`ca_file` is trusted besides the public authorities. `max_waiting` calls at once; further ones are "busy"."""
        self.deadline_seconds = deadline_seconds
        self._places = threading.BoundedSemaphore(max_waiting)
        self._pools = _pools(_tls(ca_file), max_waiting)

    def post(
        self,
        url: str,
        key: str,
        body: bytes,
        content_type: str = "application/json",
        *,
        request_id: str = "",
        deployment: str = "",
    ) -> Answer:
        """Post `body` with the bearer `key`. `deployment` goes around the traffic split. Raises EndpointAnswer.

        `request_id` is sent as x-ms-client-request-id (made here when empty). ValueError when Azure would not take it.
        """
        request_id = request_id or uuid.uuid4().hex
        if not REQUEST_ID.fullmatch(request_id):
            raise ValueError("a request id has 1 to 40 letters, digits, - and _")
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": content_type,
            "Accept": "application/json",
            "x-ms-client-request-id": request_id,
        }
        if deployment:
            headers["azureml-model-deployment"] = deployment
        if not self._places.acquire(blocking=False):
            raise EndpointAnswer("busy")
        try:
            return self._timed(url, headers, body, request_id, deployment)
        finally:
            self._places.release()

    def _timed(self, url: str, headers: dict[str, str], body: bytes, request_id: str, deployment: str) -> Answer:
        started_at = time.perf_counter()
        with self._translated(), _until(time.monotonic() + self.deadline_seconds):
            response = self._pool(url).request(
                "POST",
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, self.deadline_seconds), total=self.deadline_seconds
                ),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = _read(response)
        if response.status != 200:
            raise _refusal(response, content)
        return Answer(
            body=content,
            latency_ms=(time.perf_counter() - started_at) * 1000,
            request_id=response.headers.get("x-request-id") or request_id,
            deployment=response.headers.get("azureml-model-deployment") or deployment,
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        """The pool of the proxy that the environment names for this host, else the direct one. TLS only."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise EndpointAnswer("unreachable", reason="address")
        if "https" in self._pools and not urllib.request.proxy_bypass_environment(parts.netloc):  # type: ignore[attr-defined]
            return self._pools["https"]
        return self._pools["direct"]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The one place where urllib3's errors become ours."""
        try:
            yield
        except (urllib3.exceptions.NameResolutionError, urllib3.exceptions.LocationParseError) as error:
            raise EndpointAnswer("unreachable", reason="name") from error
        except (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError) as error:
            raise EndpointAnswer("unreachable", reason="connection") from error
        except (urllib3.exceptions.TimeoutError, TimeoutError) as error:
            raise EndpointAnswer("slow", seconds=self.deadline_seconds) from error
        except (urllib3.exceptions.SSLError, ssl.SSLError) as error:
            raise EndpointAnswer("unreachable", reason="tls") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EndpointAnswer("unreachable", reason="connection") from error


class _Socket(ssl.SSLSocket):
    """A TLS socket that obeys the calling thread's deadline. urllib3's own time-outs start anew with each byte."""

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_seconds_left())
        return super().recv_into(*arguments, **options)

    def send(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_seconds_left())
        return super().send(*arguments, **options)


@contextmanager
def _until(moment: float) -> Iterator[None]:
    _deadline.moment = moment
    try:
        yield
    finally:
        del _deadline.moment


def _seconds_left() -> float:
    left = float(_deadline.moment) - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts what `requests`, and with it Azure's SDK, trusts, and `ca_file`."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    context.sslsocket_class = _Socket
    return context


def _pools(context: ssl.SSLContext, size: int) -> dict[str, urllib3.PoolManager]:
    """Only the environment's proxy variables count: asking macOS for its settings crashes forked processes."""
    options: dict[str, Any] = {"maxsize": size, "ssl_context": context, "retries": False}
    pools = {"direct": urllib3.PoolManager(num_pools=20, **options)}
    proxy = urllib.request.getproxies_environment().get("https")
    if proxy:
        pools["https"] = urllib3.ProxyManager(proxy, **options)
    return pools


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body, so that the connection can be used again. Too much of it closes the connection."""
    content = bytearray()
    for chunk in response.stream(65536):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            response.close()
            raise EndpointAnswer("answer_unreadable", reason=f"it is longer than {MAX_ANSWER_BYTES} bytes")
    return bytes(content)


def _refusal(response: urllib3.BaseHTTPResponse, content: bytes) -> EndpointAnswer:
    """Azure's meanings of each status; see "Consuming online endpoints" in its troubleshooting guide."""
    status, headers = response.status, response.headers
    match status:
        case 401 | 403:
            return EndpointAnswer("key_refused")
        case 404:
            return EndpointAnswer("no_deployment")
        case 408:
            return EndpointAnswer("too_slow")
        case 400 | 422 | 424:
            model_status = headers.get("ms-azureml-model-error-statuscode") or str(status)
            message = _message(content) or headers.get("ms-azureml-model-error-reason", "")
            return EndpointAnswer("model_error", model_status=model_status, message=message)
        case 429:
            said = headers.get("retry-after", "")
            return EndpointAnswer("throttled", retry_after=int(said) if said.isdecimal() else 0)
    return EndpointAnswer("server_error", status=status)


def _message(content: bytes) -> str:
    """The sentence in an error answer: the inference server says "message", our scoring script "error"."""
    text = content.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return text[:MESSAGE_CHARACTERS]
    if isinstance(document, dict):
        text = str(document.get("error") or document.get("message") or text)
    return text[:MESSAGE_CHARACTERS]
