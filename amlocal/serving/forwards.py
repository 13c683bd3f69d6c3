"""One scoring call on its way to an instance and back: which headers go through, what Azure makes of the answer (408,
424, 429, 502, 503). Who may call, and which deployment answers, is in scoring.py."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from amlocal.serving.fleets import Fleet
from amlocal.serving.pools import Pool, Retired, TooBusy, TooSlow
from amlocal.serving.servers import Instance
from amlocal.storage.store import Record
from amlocal.web.http import ArmError, Response

# Beside hop-by-hop headers: a caller's key never reaches the model's code.
NOT_PASSED = {
    "authorization",
    "azureml-model-deployment",
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_NOT_RETURNED = NOT_PASSED | {"date", "server"}


@dataclass(frozen=True)
class Call:
    """What an instance is asked; `target` is path and query."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes


def ask(fleet: Fleet, deployment: Record, call: Call) -> Response:
    """The deployment's answer, 200 or 424. Raises ArmError 408, 429, 502, 503."""
    started = time.monotonic()
    while True:
        pool = fleet.pool(deployment)
        if pool is None:
            raise ArmError(503, "ServiceUnavailable", f"The deployment '{deployment.version}' is not ready.")
        try:
            return _ask_pool(pool, call, started)
        except (Retired, ConnectionRefusedError):
            # Nothing was sent: whoever serves now, or another instance, is asked.
            continue


def _ask_pool(pool: Pool, call: Call, started: float) -> Response:
    deadline = started + pool.layout.timeout_seconds
    try:
        instance = pool.take(deadline)
    except TooBusy:
        # The reason is the word of Azure's own proxy.
        raise _refused(429, "TooManyRequests", "too_many_pending_request", "Too many requests at once.") from None
    except TooSlow:
        raise _too_slow(pool) from None
    try:
        answer = _send(instance, call, deadline)
    except ConnectionRefusedError:
        # Down, and the watch has not seen it yet.
        instance.is_ready = False
        raise
    except TimeoutError:
        raise _too_slow(pool) from None
    except (OSError, http.client.HTTPException) as exc:
        raise ArmError(
            502, "BadGateway", "The scoring server broke the connection; it is being started again."
        ) from exc
    finally:
        pool.give_back(instance)
    answer.headers["ms-azureml-model-time"] = str(round((time.monotonic() - started) * 1000))
    return answer


def _send(instance: Instance, call: Call, deadline: float) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=max(0.001, deadline - time.monotonic()))
    try:
        connection.request(call.method, call.target, call.content or None, dict(call.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    passed = {name: value for name, value in answer.getheaders() if name.lower() not in _NOT_RETURNED}
    if answer.status == 200:
        return Response(200, body, passed)
    # Documented: whatever the container answers but 200 becomes 424, its own status in this header.
    passed["ms-azureml-model-error-statuscode"] = str(answer.status)
    passed["ms-azureml-model-error-reason"] = "model_error"
    return Response(424, body, passed)


def _too_slow(pool: Pool) -> ArmError:
    sentence = f"The model did not answer within request_timeout_ms ({pool.layout.timeout_seconds * 1000:.0f})."
    return _refused(408, "RequestTimeout", "model_timeout", sentence)


def _refused(status: int, code: str, reason: str, sentence: str) -> ArmError:
    return ArmError(status, code, sentence, headers={"ms-azureml-model-error-reason": reason})
