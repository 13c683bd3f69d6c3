"""The scoring URL: who may call, which deployment answers, which gets a copy, and Azure's words when it cannot be said
(401, 404, 413). The call itself is in forwards.py."""

from __future__ import annotations

import hmac
import random
import re
import time
import uuid
from functools import partial

from amlocal.serving import endpoints, forwards
from amlocal.serving.context import Context
from amlocal.serving.forwards import Call
from amlocal.storage.store import Record, Scope
from amlocal.web.http import ArmError, Request, Response
from amlocal.web.tokens import ML_AUDIENCE

# Documented as https://ml.azure.com in every cloud; the SDK has it as a constant.
ENTRA_AUDIENCES = {"https://ml.azure.com", ML_AUDIENCE}
BODY_LIMIT = 64 * 1024 * 1024
CLIENT_ID_LENGTH = 40
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
    identifiers = _identifiers(request)
    headers = dict(identifiers)
    try:
        record = _find(context, workspace, endpoint)
        _check_caller(context, request, record)
        deployment = _choose(context, request, record)
        headers |= {"azureml-model-deployment": deployment.version, "azureml-model-session": deployment.version}
        call = _read_call(request, path, identifiers)
        if path == "/score":
            _mirror(context, request, record, call)
        answer = forwards.ask(context.fleet, deployment, call)
    except ArmError as exc:
        exc.headers = {**headers, **exc.headers}
        raise
    answer.headers = {**answer.headers, **headers}
    return answer


def _identifiers(request: Request) -> dict[str, str]:
    """Documented: x-request-id is always a GUID, whatever was sent; the client's own has at most 40 letters, digits,
    dashes and underscores."""
    try:
        own = uuid.UUID(request.header("x-request-id"))
    except ValueError:
        own = uuid.uuid4()
    told = re.sub(r"[^A-Za-z0-9_-]", "", request.header("x-ms-client-request-id"))[:CLIENT_ID_LENGTH]
    return {"x-request-id": str(own), **({"x-ms-client-request-id": told} if told else {})}


def _read_call(request: Request, path: str, identifiers: dict[str, str]) -> Call:
    left_out = forwards.NOT_PASSED | set(identifiers)
    headers = {name: value for name, value in request.headers.items() if name.lower() not in left_out}
    target = f"{path}?{request.raw_query}" if request.raw_query else path
    return Call(request.method, target, {**headers, **identifiers}, request.read_all(BODY_LIMIT))


def _mirror(context: Context, request: Request, record: Record, call: Call) -> None:
    """A copy of some calls for the shadow deployment, of those that name no deployment themselves. What becomes of it
    concerns nobody."""
    for name, share in (record.body["properties"].get("mirrorTraffic") or {}).items():
        if request.header("azureml-model-deployment") or random.random() * 100 >= share:  # noqa: S311
            continue
        shadow = context.store.get(endpoints.DEPLOYMENTS, Scope(*record.body["scope"]), record.name, name)
        if shadow is not None:
            context.fleet.mirrors.send(partial(forwards.ask, context.fleet, shadow, call), len(call.content))


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
