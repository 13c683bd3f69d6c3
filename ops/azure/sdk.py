"""The SDK, made fit for a worker: no retries, short time-outs, no waiting, no printing. All repairs of it are here.

azure-ai-ml was written for notebooks. Each repair below says what 1.35 does without it; a name that is gone from a
newer SDK is an AttributeError at load, so an update cannot undo a repair silently.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from azure.core.exceptions import HttpResponseError

from ops.azure import edge

CLOUD_VARIABLE = "AZUREML_CURRENT_CLOUD"
CONNECT_SECONDS = 5
READ_SECONDS = 30
UPLOAD_SECONDS = 120
OPTIONS: dict[str, Any] = {
    "retry_total": 0,
    "retry_connect": 0,
    "retry_read": 0,
    "retry_status": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
}
_BLOB_OPTIONS = {**OPTIONS, "read_timeout": UPLOAD_SECONDS}


@functools.cache
def load() -> Any:
    """Import azure.ai.ml (1 to 3 s; once a process), repair and silence it. Returns the module. No call is made."""
    with _well_known_cloud(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import azure.ai.ml
    for name in ("azure.ai.ml", "azure.core", "azure.identity", "msal"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _repair_uploads()
    _repair_calls()
    return azure.ai.ml


def begin(call: Callable[..., Any], **arguments: Any) -> str:
    """Send the one request that starts a long-running operation; its poll URL, "" when Azure says that it is done.

    `call` is a begin_… function of the SDK's generated client. The SDK's own begin_… of endpoints and deployments have
    no `no_wait`: they start a daemon thread that polls, and before that they ask for what we know already. With
    `polling=False` the same generated client sends the same request, and azure-core hands out the answer's headers.
    """
    answers: list[Any] = []
    call(polling=False, raw_response_hook=answers.append, **arguments)
    headers = answers[-1].http_response.headers
    return str(headers.get("Azure-AsyncOperation") or headers.get("Location") or "")


def scope(connection: Any) -> dict[str, str]:
    """Where the generated clients shall look: they take resource group and workspace with every call."""
    return {"resource_group_name": connection.target.resource_group, "workspace_name": connection.target.workspace}


def keep_failure_passing(response: Any) -> None:
    """For a credential's `raw_response_hook`: its library takes a token service's 429 and 5xx for "no identity"."""
    answer = response.http_response
    if answer.status_code == 429 or answer.status_code >= 500:
        raise edge.from_answer(answer.status_code, answer.headers, answer.text())


def keep_throttling_visible(datastores: Any) -> None:
    """listSecrets: the SDK takes *any* HTTP error for "no keys here" and goes on with the identity's own token.

    That is right for 401, 403 and for identity-only datastores; a 429 or a 500 must come through instead.
    """
    list_secrets = datastores._list_secrets

    def _list_secrets(*args: Any, **kwargs: Any) -> Any:
        try:
            return list_secrets(*args, **kwargs)
        except HttpResponseError as exc:
            if exc.status_code is None or exc.status_code == 429 or exc.status_code >= 500:
                raise SecretsNotListed from exc
            raise

    datastores._list_secrets = _list_secrets


class SecretsNotListed(Exception):
    """Carries a passing failure of listSecrets through the SDK; `edge.translate` reads its cause."""


class _WatchedPool(ThreadPoolExecutor):
    """A pool whose end raises what its tasks raised."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._started: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self._started.append(future)
        return future

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        super().__exit__(kind, value, trace)
        if kind is None:
            for future in self._started:
                future.result()
        return None


@contextmanager
def _well_known_cloud() -> Iterator[None]:
    """At its import azure.ai.ml reads the description of the process's cloud: a cloud that is down would fail it."""
    before = os.environ.get(CLOUD_VARIABLE)
    os.environ[CLOUD_VARIABLE] = "AzureCloud"
    try:
        yield
    finally:
        del os.environ[CLOUD_VARIABLE]
        if before is not None:
            os.environ[CLOUD_VARIABLE] = before


def _repair_uploads() -> None:
    """Blob clients retry three times after 15 s and more, and send with a time-out of four hours. Without a progress
    bar the SDK forgets errors of its upload threads and waits forever for the missing files. It prints empty lines."""
    from azure.ai.ml._artifacts import _blob_storage_helper as helper
    from azure.ai.ml._utils import _asset_utils as assets
    from azure.storage.blob import BlobServiceClient, ContainerClient

    class Container(ContainerClient):
        @classmethod
        def from_container_url(cls, *args: Any, **kwargs: Any) -> Any:
            return super().from_container_url(*args, **{**_BLOB_OPTIONS, **kwargs})

    _replace(helper, "BlobServiceClient", lambda **kwargs: BlobServiceClient(**{**_BLOB_OPTIONS, **kwargs}))
    _replace(helper, "ContainerClient", Container)
    _replace(assets, "DEFAULT_CONNECTION_TIMEOUT", UPLOAD_SECONDS)
    _replace(assets, "ThreadPoolExecutor", _WatchedPool)
    helper.print = lambda *args, **kwargs: None


def _repair_calls() -> None:
    """Every new job gets the git remote, branch and commit of the folder the worker was started in, by running git.
    A 409 for an unregistered resource provider makes the client register it, and poll for that every 10 s."""
    from azure.ai.ml._restclient.arm_ml_service import _client as client
    from azure.ai.ml.operations import _job_operations as jobs
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    _replace(jobs, "get_git_properties", dict)
    _replace(client, "ARMAutoResourceProviderRegistrationPolicy", SansIOHTTPPolicy)


def _replace(module: Any, name: str, instead: Any) -> None:
    getattr(module, name)
    setattr(module, name, instead)
