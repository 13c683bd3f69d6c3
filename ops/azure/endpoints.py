"""Managed online endpoints: made, read, given traffic, deleted. Their deployments are in `deployments`.

begin_… functions send one request and return the URL to `rest.poll`, "" when Azure was done at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.azure import sdk, words, workspaces
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.facts import EndpointFacts


@translate()
def get(connection: Connection, name: str) -> EndpointFacts:
    """One endpoint, one call (the SDK's own `get` lists its deployments as well). Raises AzureNotFound."""
    return _facts(_calls(connection).get(endpoint_name=name, **sdk.scope(connection)))


@translate()
def list_endpoints(connection: Connection) -> list[EndpointFacts]:
    """Every online endpoint of the workspace; one call a page."""
    return [_facts(endpoint) for endpoint in _calls(connection).list(**sdk.scope(connection))]


@translate()
def begin_create(connection: Connection, name: str, auth_mode: str, tags: Mapping[str, str], description: str) -> str:
    """Start making an endpoint; `auth_mode` is key, aml_token or aad_token. PUT overwrites: look with `get` first."""
    location = workspaces.known(connection).location
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    endpoint = ManagedOnlineEndpoint(name=name, auth_mode=auth_mode, tags=dict(tags), description=description)
    body = endpoint._to_rest_online_endpoint(location)
    return sdk.begin(_calls(connection).begin_create_or_update, endpoint_name=name, body=body, **sdk.scope(connection))


@translate()
def begin_set_traffic(connection: Connection, name: str, split: Mapping[str, int]) -> str:
    """Start sending requests by this split, percent by deployment, 0 or 100 in sum. All else of the endpoint stays."""
    endpoint = _calls(connection).get(endpoint_name=name, **sdk.scope(connection))
    endpoint.properties.traffic = {deployment: percent for deployment, percent in split.items() if percent}
    return sdk.begin(
        _calls(connection).begin_create_or_update, endpoint_name=name, body=endpoint, **sdk.scope(connection)
    )


@translate()
def begin_delete(connection: Connection, name: str) -> str:
    """Start deleting an endpoint with all its deployments; "" when there is none."""
    return sdk.begin(_calls(connection).begin_delete, endpoint_name=name, **sdk.scope(connection))


@translate()
def key(connection: Connection, name: str) -> str:
    """The primary key of an endpoint whose auth_mode is key: a secret."""
    return words.text(_calls(connection).list_keys(endpoint_name=name, **sdk.scope(connection)).primary_key)


def _calls(connection: Connection) -> Any:
    return connection.ml.online_endpoints._online_operation


def _facts(endpoint: Any) -> EndpointFacts:
    properties, made = endpoint.properties, endpoint.system_data
    return EndpointFacts(
        name=words.text(endpoint.name),
        state=words.resource_state(properties.provisioning_state),
        auth_mode=words.auth_mode(properties.auth_mode),
        scoring_uri=words.text(properties.scoring_uri),
        traffic={str(name): int(percent) for name, percent in (properties.traffic or {}).items() if percent},
        tags=words.texts(endpoint.tags),
        arm_id=words.text(endpoint.id),
        created_at=words.time(made.created_at) if made else None,
    )
