"""Who we are, where we go, and the way there: one Connection a process for each workspace and identity."""

from __future__ import annotations

import os
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import requests
from azure.core.credentials import TokenCredential

from ops.azure import clouds, sdk
from ops.azure.clouds import Cloud
from ops.azure.edge import translate
from ops.azure.errors import AzureDenied
from ops.azure.facts import WorkspaceFacts

MOST_CONNECTIONS = 64
MOST_CREDENTIALS = 32

T = TypeVar("T")


@dataclass(frozen=True)
class Identity:
    """Who signs in. `secret` is a client secret, or for `certificate` the PEM text with its private key.

    `local` is amlocal's managed identity, by MSI_ENDPOINT and MSI_SECRET; `client_id` chooses a user-assigned one.
    """

    kind: Literal["local", "managed_identity", "service_principal", "certificate"]
    tenant_id: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Target:
    """A workspace; `cloud` is AzureCloud, AzureChinaCloud, AzureUSGovernment or local."""

    cloud: str
    subscription_id: str
    resource_group: str
    workspace: str

    @property
    def arm_id(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )


class Connection:
    """An MLClient and a plain HTTP session that share one identity. Not to be shared between threads or processes."""

    def __init__(self, target: Target, cloud: Cloud, credential: TokenCredential) -> None:
        self.target = target
        self.cloud = cloud
        self.credential = credential
        self.ml = _ml_client(target, cloud, credential)
        self.http = requests.Session()
        self.workspace: WorkspaceFacts | None = None
        self.history_url = ""
        self.experiment_ids: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Connection({self.target!r})"

    def authorization(self) -> dict[str, str]:
        """The header of a call to ARM or to the workspace's own services, which take ARM's tokens, too."""
        return {"Authorization": f"Bearer {self.credential.get_token(self.cloud.scope).token}"}


def connect(target: Target, identity: Identity) -> Connection:
    """The process's connection to a workspace; made at the first call, which sends nothing to the workspace itself.

    Raises AzureRejected when this process speaks to another cloud, AzureUnreachable when the local cloud's own
    description cannot be read, AzureDenied when the identity's parts are malformed.
    """
    with translate():
        cloud = clouds.of_process(target.cloud)
        credential = _credentials.get((cloud, identity), lambda: _credential(identity, cloud))
        return _connections.get((target, cloud, identity), lambda: Connection(target, cloud, credential))


def preload() -> None:
    """Import the SDK now, and load what a first call over TLS loads: a worker does this once before it forks."""
    sdk.load()
    ssl.create_default_context()
    clouds.answers()


def _credential(identity: Identity, cloud: Cloud) -> TokenCredential:
    from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential

    options = {**sdk.OPTIONS, "raw_response_hook": sdk.keep_failure_passing}
    try:
        if identity.kind == "service_principal":
            return ClientSecretCredential(
                identity.tenant_id, identity.client_id, identity.secret, authority=cloud.authority, **options
            )
        if identity.kind == "certificate":
            pem = identity.secret.encode()
            return CertificateCredential(
                identity.tenant_id, identity.client_id, certificate_data=pem, authority=cloud.authority, **options
            )
        return ManagedIdentityCredential(client_id=identity.client_id or None, **options)
    except ValueError as exc:
        raise AzureDenied("InvalidCredential", f"The credential is malformed: {exc}") from exc


def _ml_client(target: Target, cloud: Cloud, credential: TokenCredential) -> Any:
    from azure.core.pipeline.transport import RequestsTransport

    ml = sdk.load().MLClient(
        credential,
        target.subscription_id,
        target.resource_group,
        target.workspace,
        cloud=cloud.name,
        show_progress=False,
        enable_telemetry=False,
        # The SDK makes a dozen clients; one transport lets them share their connections.
        transport=RequestsTransport(**sdk.OPTIONS),
        **sdk.OPTIONS,
    )
    sdk.keep_throttling_visible(ml.datastores)
    return ml


class _Recent(Generic[T]):
    """The values used last, at most `most`. Empty in a child process: sockets must not be shared over a fork."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            return self._values[key]

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, T] = OrderedDict()


_connections = _Recent[Connection](MOST_CONNECTIONS)
_credentials = _Recent[TokenCredential](MOST_CREDENTIALS)
