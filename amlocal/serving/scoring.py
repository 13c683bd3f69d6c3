"""The scoring URL: who may call, which deployment answers, and Azure's words when it does not (401, 404, 408, 413,
424, 429, 502)."""

from __future__ import annotations

import hmac
import http.client
import random
import time
import uuid
from typing import TYPE_CHECKING

from amlocal.serving import endpoints
from amlocal.serving.fleets import Pool, TooBusy, TooSlow
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response
from amlocal.web.tokens import ML_AUDIENCE

if TYPE_CHECKING:
    from amlocal.context import Context
    from amlocal.serving.servers import Instance

# Documented as https://ml.azure.com in every cloud; the SDK has it as a constant.
ENTRA_AUDIENCES = {"https://ml.azure.com", ML_AUDIENCE}
BODY_LIMIT = 64 * 1024 * 1024
# Beside hop-by-hop headers: a caller's key never reaches the model's code.
_NOT_PASSED = {
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
_NO_ROUTE = (
    "No valid deployments to route to. Please check that the endpoint has at least one deployment with positive weight"
    " values or use a deployment specific header to route."
)


def score(context: Context, request: Request, *, workspace: str, endpoint: str) -> Response:
    """Any method on …/score."""
    return _forward(context, request, workspace, endpoint, "/score")


def swagger(context: Context, request: Request, *, workspace: str, endpoint: str) -> Response:
    return _forward(context, request, workspace, endpoint, "/swagger.json")


def _forward(context: Context, request: Request, workspace: str, endpoint: str, path: str) -> Response:
    identifier = request.header("x-request-id") or str(uuid.uuid4())
    headers = {"x-request-id": identifier}
    if request.header("x-ms-client-request-id"):
        headers["x-ms-client-request-id"] = request.header("x-ms-client-request-id")
    try:
        record = _find(context, workspace, endpoint)
        _check_caller(context, request, record)
        deployment = _choose(context, request, record)
        headers |= {"azureml-model-deployment": deployment.version, "azureml-model-session": deployment.version}
        pool = context.fleet.pool(deployment)
        if pool is None:
            raise ArmError(503, "ServiceUnavailable", f"The deployment '{deployment.version}' is not ready.")
        content = request.read_all(BODY_LIMIT)
        answer = _ask(pool, request, path, content, identifier)
    except ArmError as exc:
        exc.headers = {**headers, **exc.headers}
        raise
    answer.headers = {**answer.headers, **headers}
    return answer


def _find(context: Context, workspace: str, endpoint: str) -> Record:
    found = context.store.list(endpoints.KIND, None, name=endpoint, top=1).records
    if not found or found[0].body["workspaceId"].lower() != workspace.lower():
        raise ArmError(404, "NotFound", f"There is no endpoint '{endpoint}' here.")
    return found[0]


def _check_caller(context: Context, request: Request, record: Record) -> None:
    """Keys, the endpoint's own tokens, or tokens for https://ml.azure…, by the endpoint's auth mode. Raises ArmError
    401."""
    mode = record.body["properties"]["authMode"]
    scope = Scope(*record.body["scope"])
    scheme, _, shown = request.header("Authorization").partition(" ")
    shown = shown.strip() if scheme.lower() == "bearer" else ""
    if mode == "Key":
        keys = endpoints.read_keys(context, scope, record.name).values()
        is_good = any(hmac.compare_digest(key.encode(), shown.encode()) for key in keys)
    else:
        claims = (context.tokens.read(shown) if shown else None) or {}
        own = {endpoints.scoring_uri(context, scope, record)}
        audiences = ENTRA_AUDIENCES if mode == "AADToken" else own
        is_good = claims.get("exp", 0) > time.time() and claims.get("aud") in audiences
    if not is_good:
        sentence = "Access is denied: the key or token is missing, wrong or has expired."
        raise ArmError(401, "Unauthorized", sentence, headers={"WWW-Authenticate": "Bearer"})


def _choose(context: Context, request: Request, record: Record) -> Record:
    """The deployment named in the header, else one by the traffic split. Raises ArmError 404."""
    scope = Scope(*record.body["scope"])
    wanted = request.header("azureml-model-deployment")
    if not wanted:
        shares = {name: share for name, share in record.body["properties"]["traffic"].items() if share > 0}
        if not shares:
            raise ArmError(404, "NotFound", _NO_ROUTE)
        wanted = random.choices(list(shares), list(shares.values()))[0]  # noqa: S311
    deployment = context.store.get(endpoints.DEPLOYMENTS, scope, record.name, wanted)
    if deployment is None:
        raise ArmError(404, "NotFound", f"The deployment '{wanted}' named in azureml-model-deployment was not found.")
    return deployment


def _ask(pool: Pool, request: Request, path: str, content: bytes, identifier: str) -> Response:
    started = time.monotonic()
    deadline = started + pool.layout.timeout_seconds
    try:
        instance = pool.take(deadline)
    except TooBusy:
        sentence = "Too many requests: more than twice what the instances of this deployment may take at once."
        raise ArmError(
            429, "TooManyRequests", sentence, headers={"ms-azureml-model-error-reason": "too_many_requests"}
        ) from None
    except TooSlow:
        raise _too_slow(pool) from None
    try:
        answer = _call(instance, request, path, content, identifier, deadline)
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


def _call(
    instance: Instance, request: Request, path: str, content: bytes, identifier: str, deadline: float
) -> Response:
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED}
    headers["x-request-id"] = identifier
    target = f"{path}?{request.raw_query}" if request.raw_query else path
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=max(0.001, deadline - time.monotonic()))
    try:
        connection.request(request.method, target, content or None, headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    passed = {
        name: value for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED | {"date", "server"}
    }
    if answer.status < 300:
        return Response(answer.status, body, passed)
    # Documented: whatever the container answers but a success becomes 424, its own status in this header.
    passed["ms-azureml-model-error-statuscode"] = str(answer.status)
    passed["ms-azureml-model-error-reason"] = "model_error"
    return Response(424, body, passed)


def _too_slow(pool: Pool) -> ArmError:
    sentence = f"The model did not answer within request_timeout_ms ({pool.layout.timeout_seconds * 1000:.0f})."
    return ArmError(408, "RequestTimeout", sentence, headers={"ms-azureml-model-error-reason": "model_timeout"})
