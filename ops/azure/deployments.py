"""Deployments behind managed online endpoints: made, read, deleted, and their containers' logs.

begin_… functions send one request and return the URL to `rest.poll`, "" when Azure was done at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from ops.azure import sdk, words, workspaces
from ops.azure.connections import Connection
from ops.azure.edge import translate
from ops.azure.facts import DeploymentFacts, DeploymentSpec


@translate()
def get(connection: Connection, endpoint: str, name: str) -> DeploymentFacts:
    """One deployment. Raises AzureNotFound."""
    found = _calls(connection).get(endpoint_name=endpoint, deployment_name=name, **sdk.scope(connection))
    return _facts(endpoint, found)


@translate()
def list_deployments(connection: Connection, endpoint: str) -> list[DeploymentFacts]:
    """Every deployment of an endpoint; one call a page. Raises AzureNotFound when the endpoint is gone."""
    found = _calls(connection).list(endpoint_name=endpoint, **sdk.scope(connection))
    return [_facts(endpoint, deployment) for deployment in found]


@translate()
def begin_create(connection: Connection, spec: DeploymentSpec) -> str:
    """Start making a deployment of things that exist; it gets no traffic. PUT overwrites: look with `get` first."""
    location = workspaces.known(connection).location
    from azure.ai.ml.entities import CodeConfiguration, ManagedOnlineDeployment, OnlineRequestSettings

    deployment = ManagedOnlineDeployment(
        name=spec.name,
        endpoint_name=spec.endpoint,
        model=spec.model_id,
        code_configuration=CodeConfiguration(code=spec.code_id, scoring_script=spec.scoring_script),
        environment=spec.environment_id,
        instance_type=spec.instance_type,
        instance_count=spec.instance_count,
        request_settings=OnlineRequestSettings(request_timeout_ms=spec.request_timeout_ms),
        tags=dict(spec.tags),
    )
    return sdk.begin(
        _calls(connection).begin_create_or_update,
        endpoint_name=spec.endpoint,
        deployment_name=spec.name,
        body=deployment._to_rest_object(location),
        **sdk.scope(connection),
    )


@translate()
def begin_delete(connection: Connection, endpoint: str, name: str) -> str:
    """Start deleting a deployment; "" when there is none. Azure refuses while it has traffic."""
    calls = _calls(connection)
    return sdk.begin(calls.begin_delete, endpoint_name=endpoint, deployment_name=name, **sdk.scope(connection))


@translate()
def log(
    connection: Connection,
    endpoint: str,
    name: str,
    container: Literal["inference-server", "storage-initializer"] = "inference-server",
    lines: int = 500,
) -> str:
    """The last lines of one instance's container: the server's, or of the one that fetches model and code before it."""
    return words.text(connection.ml.online_deployments.get_logs(name, endpoint, lines, container_type=container))


def _calls(connection: Connection) -> Any:
    return connection.ml.online_deployments._online_deployment


def _facts(endpoint: str, deployment: Any) -> DeploymentFacts:
    properties, made = deployment.properties, deployment.system_data
    settings = properties.request_settings
    timeout: timedelta | None = settings.request_timeout if settings else None
    return DeploymentFacts(
        name=words.text(deployment.name),
        endpoint=endpoint,
        state=words.resource_state(properties.provisioning_state),
        model_id=words.text(properties.model),
        instance_type=words.text(properties.instance_type),
        instance_count=int(deployment.sku.capacity or 0) if deployment.sku else 0,
        request_timeout_ms=round(timeout.total_seconds() * 1000) if timeout else DEFAULT_TIMEOUT_MS,
        tags=words.texts(deployment.tags),
        arm_id=words.text(deployment.id),
        created_at=words.time(made.created_at) if made else None,
    )


# What Azure uses where nothing is set: https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-managed-online
DEFAULT_TIMEOUT_MS = 5000
